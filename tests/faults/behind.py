"""Failures behind Perdure: what may become of a request to the model's server, and what everybody has to be told of it.

The proxy stands between the workers and the model's server. Which failure a request meets stands in the last thing that
was said (`[fault:NAME]`), so that all kinds can be at work in one Perdure at the same time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from perdure.core.errors import (
    ContextTooLong,
    ModelBroken,
    ModelCut,
    ModelKeyRejected,
    ModelOutOfMemory,
    ModelOverloaded,
    ModelRefused,
    ModelRubbish,
    ModelStalled,
    ModelUnreachable,
    PerdureError,
    UnknownModel,
)
from tests.faults import kinds
from tests.faults.proxy import Asked, Proxy

_MARK = re.compile(r"\[fault:([\w-]+)\]")


def _json(status: int, message: str, kind: str = "", **headers: str) -> kinds.Answer:
    body = f'{{"error": {{"message": "{message}", "type": "{kind}", "code": "{kind}"}}}}'
    return kinds.answer(status, body, "application/json", **headers)


def _stream(*events: str) -> kinds.Answer:
    return kinds.answer(200, "".join(f"data: {event}\n\n" for event in events), "text/event-stream")


@dataclass(frozen=True, slots=True)
class Kind:
    """A failure that stays until it is mended, and the error that every surface has to end in."""

    fault: kinds.Fault
    error: type[PerdureError]


BEHIND: Mapping[str, Kind] = {
    "reset": Kind(kinds.Reset(), ModelCut),
    "reset-unheard": Kind(kinds.Reset(heard=False), ModelCut),
    "closed": Kind(kinds.Cut(), ModelCut),
    "cut-before-a-word": Kind(kinds.Cut(0), ModelCut),
    "silent": Kind(kinds.Stall(), ModelStalled),
    "silent-behind-its-head": Kind(kinds.Stall(0), ModelStalled),
    "slow-first-byte": Kind(kinds.Slow(30.0), ModelStalled),
    "500": Kind(_json(500, "internal server error", "server_error"), ModelBroken),
    "500-page": Kind(kinds.page(500), ModelBroken),
    "502-page": Kind(kinds.page(502, "Bad Gateway"), ModelBroken),
    "503-page": Kind(kinds.page(503, "Service Unavailable"), ModelOverloaded),
    "503-loading": Kind(_json(503, "Loading model", "unavailable_error"), ModelUnreachable),
    "504-text": Kind(kinds.answer(504, "upstream request timeout"), ModelBroken),
    "529": Kind(_json(529, "Overloaded", "overloaded_error"), ModelOverloaded),
    "429": Kind(_json(429, "Too many requests", "rate_limit_exceeded", Retry_After="0"), ModelOverloaded),
    "out-of-memory": Kind(_json(500, "CUDA error: out of memory"), ModelOutOfMemory),
    "200-page": Kind(kinds.page(200, "It works!"), ModelRubbish),
    "200-error": Kind(_json(200, "The engine is overloaded", "overloaded_error"), ModelOverloaded),
    "200-broken": Kind(kinds.rubbish(), ModelRubbish),
    "stream-error": Kind(_stream('{"error": {"message": "boom", "type": "server_error"}}'), ModelBroken),
    "stream-rubbish": Kind(_stream("<html>", "no JSON at all"), ModelRubbish),
    "moved": Kind(kinds.elsewhere("http://elsewhere.invalid/v1"), ModelRubbish),
    "not-http": Kind(kinds.not_http(), ModelRubbish),
    "401": Kind(_json(401, "Incorrect API key provided", "invalid_api_key"), ModelKeyRejected),
    "402": Kind(_json(402, "insufficient credit", "billing"), ModelRefused),
    "404-model": Kind(_json(404, "The model does not exist", "model_not_found"), UnknownModel),
    "400-context": Kind(_json(400, "maximum context length is 4096", "context_length_exceeded"), ContextTooLong),
    "400-setting": Kind(_json(400, "top_k must be positive", "invalid_request_error"), ModelRefused),
}


SILENT = frozenset(name for name, kind in BEHIND.items() if kind.error is ModelStalled)
"""Those that only a Perdure of little patience finds out in time. All others are for one that waits long, in which a
busy machine is never mistaken for a silent model."""


def saying(name: str) -> str:
    """A message whose reply meets that failure."""
    return f"Say something. [fault:{name}] [[tokens=6 interval=0]]"


class Behind(Proxy):
    """In front of a model's server: does to each request what its last message asks for. What is listed passes."""

    def _fault_for(self, asked: Asked) -> kinds.Fault:
        said = [m["content"] for m in json.loads(asked.body or b"{}").get("messages", ()) if m["role"] == "user"]
        # What was said before and got no reply stands before it in one message.
        mark = _MARK.search(said[-1].rpartition("\n")[2]) if said else None
        return BEHIND[mark[1]].fault if mark else kinds.PASS
