"""Perdure's HTTP API from the client's side: patient calls, an event stream that comes back, and a strict transcript.

What belongs here: whatever speaks the HTTP contract to a server, wherever that runs. Nothing here knows the server's
store, engine or processes. `perdure chat`, `perdure import` and the drill are built on it, as other programs can be.

`Perdure`, `AsyncPerdure`  every call of the contract that a conversation needs, retried with the same id (promise 7)
`Reply`, `AsyncReply`      a reply as it comes, through every outage, to the end of its turn
`follow.follow`            a chat's events, for ever, from the place where the connection broke (promise 4)
`failures`                 what went wrong, as one of `perdure.core.errors`: that is what all calls raise
`transcript.Transcript`    what a person has been shown, and every breach of the promises in it
"""

from perdure.client.api import AsyncPerdure
from perdure.client.blocking import Perdure, Reply
from perdure.client.follow import Back, Event, Lost
from perdure.client.messages import Accepted
from perdure.client.reply import AsyncReply
from perdure.client.retry import Backoff, Budget
from perdure.client.transcript import Breach, Transcript
from perdure.core.errors import PerdureError

__all__ = [
    "Accepted",
    "AsyncPerdure",
    "AsyncReply",
    "Back",
    "Backoff",
    "Breach",
    "Budget",
    "Event",
    "Lost",
    "Perdure",
    "PerdureError",
    "Reply",
    "Transcript",
]
