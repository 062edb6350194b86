"""Perdure's HTTP API from the client's side: patient calls, an event stream that comes back, and a strict transcript.

What belongs here: whatever speaks the HTTP contract to a server, wherever that runs. Nothing here knows the server's
store, engine or processes. `perdure chat`, `perdure import` and the drill are built on it.

`api.Api`                 every call of the contract that a conversation needs, retried with the same id (promise 7)
`follow.follow`           a chat's events, for ever, from the place where the connection broke (promise 4)
`transcript.Transcript`   what a person has been shown, and every breach of the promises in it
`errors.ApiError`         what the server refused, as its problem document says; `Unreachable` where nothing answered
"""

from perdure.client.api import Accepted, Api
from perdure.client.errors import ApiError, Unreachable
from perdure.client.follow import Back, Event, Lost
from perdure.client.transcript import Breach, Transcript

__all__ = ["Accepted", "Api", "ApiError", "Back", "Breach", "Event", "Lost", "Transcript", "Unreachable"]
