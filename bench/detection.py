"""How soon the status page knows, and what knowing costs.

One Perdure over the scripted backend, with people who talk all the time. `detected`: from the moment of the failure (the
signal, the closed port, the lock in hand) to the first answer of `/api/v2/summary.json`, asked for every 20 ms, that has an
open incident of that component; while web itself is away, to the first answer of the web that comes back.
`resolved`: from the moment at which whatever was broken works again by itself (a process is running, as the supervisor
tells it; the model answers; the lock is let go) to the first answer that has it no more. Before each round all has been well
for so long that earlier falls are forgotten (`--pause-s`: a component that falls again within two minutes has to be well for
longer, by design; at the default the health process is started anew instead, which forgets them). A model that is deaf is found out by the replies that do not come: how soon
depends on how many are asked for.

`probing`: CPU seconds for each second of the health process, idle and beside four conversations; and what the other
processes spend less while the health process is frozen, idle. `status`: `GET /status` answered by one web process, on
eight kept connections of another process: the record well, locked exclusively, and moved away.
"""
