"""What Perdure knows, without doing anything: frozen values and functions from state to (state, effects).

Nothing here reads a clock, draws a random number, logs, or touches a file, a socket or a database: `now`, ids and
jitter come in as arguments. That is what lets a test drive it through every order of events.
"""
