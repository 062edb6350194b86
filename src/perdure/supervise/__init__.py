"""Keeps the processes of one machine alive: restarts the dead, kills the hung, leaves no orphans.

What belongs here: starting, watching, restarting and stopping *children*, whatever they do. Nothing here
knows the store, HTTP or a turn, and nothing here imports beyond the standard library, so that a child is
attached to its supervisor before it imports anything heavy.

For the program that supervises
    ``children.ChildSpec``          what to run, and how long to bear with it
    ``supervisor.Supervisor``       ``await Supervisor(specs, control_path).run()`` -> exit status
    ``policy.RestartPolicy``        delays, the window that escalates, what a healthy life forgives
    ``listening.bind(host, port)``  the listening socket; ``listening.hand_over(socket)`` gives it to a child
    ``errors.SuperviseError``       every refusal, with ``detail`` and ``remedy``

For a child, first thing in ``main``
    ``lifeline.attach(name)``         -> ``Lifeline``: dies with the supervisor; harmless without one
    ``lifeline.beat(line, healthy)``  the heartbeat, run as a task on the child's event loop
    ``Lifeline.notices()``            what the supervisor tells: ``died``, ``escalated``, ``recovered``
    ``listening.inherited()``         the listening socket, if one was handed over

For whoever looks from outside
    ``control.processes(path)``, ``control.processes_async(path)``, ``control.restart(path, name)``
"""
