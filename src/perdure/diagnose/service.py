"""Where the service is a Perdure: what it says of itself and of its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from perdure.core.diagnosis import Observation, Sign, Step
from perdure.diagnose.errors import Stopped
from perdure.diagnose.exchange import Heard, ask
from perdure.diagnose.target import Target
from perdure.diagnose.way import Way

JSON = {"Accept": "application/json"}
MODEL = {
    "ready": None,
    "down": Sign.MODEL_AWAY,
    "missing": Sign.MODEL_MISSING,
    "fetching": Sign.MODEL_COMING,
    "loading": Sign.MODEL_COMING,
}
"""The states of a backend in `/api/v1/status`."""


async def of_perdure(way: Way, target: Target) -> list[Observation]:
    """Its own word; nothing where the service is another one. `/healthz` tells: other services have other answers."""
    alive = await _asked(way, target.at("/healthz"))
    if alive is None or alive.answer.status != 200 or (alive.answer.document or {}).get("status") != "ok":
        return []
    ready, status = await _asked(way, target.at("/readyz")), await _asked(way, target.at("/api/v1/status"))
    told = []
    if ready is not None and ready.answer.status == 503:
        code = (ready.answer.document or {}).get("code")
        detail = "Perdure runs, and says that it cannot do its work (/readyz)."
        told.append(Observation(Step.SERVICE, detail, Sign.NOT_READY, ready.took_s, str(code) if code else None))
    if status is not None:
        told += _about_model(status)
    return told


async def stream_of(way: Way, target: Target) -> Target | None:
    """The event stream of one of its chats, which begins at once; None where there is no chat, or a token is needed."""
    chats = await _asked(way, target.at("/api/v1/chats?limit=1"))
    rows = (chats.answer.document or {}).get("chats") if chats is not None else None
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        return None
    return target.at(f"/api/v1/chats/{quote(str(rows[0].get('id')), safe='')}/events")


def _about_model(status: Heard) -> list[Observation]:
    document = status.answer.document or {}
    if document.get("code") == "access_token_required":
        detail = "It is a Perdure; it tells of its model only with the access token."
        return [Observation(Step.SERVICE, detail, None, status.took_s)]
    backend = document.get("backend")
    if "version" not in document or not isinstance(backend, dict) or str(backend.get("state")) not in MODEL:
        return []
    sign = MODEL[str(backend["state"])]
    detail = f"Perdure {str(document['version'])[:40]}; its model {_name(backend)} is {backend['state']}."
    if backend.get("detail"):
        detail += f" {str(backend['detail'])[:300]}"
    return [Observation(Step.SERVICE, detail, sign, status.took_s)]


def _name(backend: Mapping[str, Any]) -> str:
    return str(backend.get("model") or backend.get("name") or "")[:100]


async def _asked(way: Way, target: Target) -> Heard | None:
    try:
        return await ask(way, target, JSON)
    except Stopped:
        return None
