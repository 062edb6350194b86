"""What Perdure does: use cases over the ports. Here a reply begins and ends.

`intake` takes a message in and makes it a turn; a `worker` claims it and runs an `attempt`, which streams from a
backend into the `appender`; a `tailer` in each web process reads what was committed and hands it to the listeners; the
`reaper` takes up what a dead worker left. `life` applies every event of a turn, in one transaction each.
"""
