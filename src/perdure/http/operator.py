"""How the server is: for people, for orchestrators, for operators."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from fastapi import APIRouter, Response

from perdure import __version__
from perdure.core.admission import CHARACTERS_PER_CHAT, MESSAGE_CHARS
from perdure.core.errors import Restarting, StoreUnavailable, TokenRequired
from perdure.core.views import instant
from perdure.engine import backends, orders
from perdure.http.guard import COOKIE, matches
from perdure.http.metrics import CONTENT_TYPE
from perdure.http.problems import Json
from perdure.http.schemas.operator import ProcessOut, PutSession, StatusOut
from perdure.http.service import Perdure

router = APIRouter(tags=["operator"])

READY_WITHIN_S = 0.5
"""How long the record may take to be read. Less than orchestrators wait for an answer, which is a second."""


@router.get("/healthz")
async def alive() -> Response:
    """Whether this process's event loop turns. It asks nobody else: a broken record is no reason to start it anew."""
    return Json({"status": "ok"})


@router.get("/readyz")
async def ready(perdure: Perdure) -> Response:
    """Whether this process can do its work: it reads the record, and is not about to end. 503 where it cannot."""
    if perdure.tailer.closed:
        raise Restarting("This process is about to end.")
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            await perdure.store.read(lambda r: r.events.bounds())
    except TimeoutError:
        raise StoreUnavailable(f"The record could not be read within {READY_WITHIN_S:g} s.") from None
    return Json({"status": "ok"})


@router.get("/metrics", responses={200: {"content": {"text/plain": {}}}}, response_class=Response)
async def metrics(perdure: Perdure) -> Response:
    """Prometheus metrics: of this process, and of the whole installation while the health process answers."""
    return Response(await perdure.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/api/v1/status", response_model=StatusOut)
async def status(perdure: Perdure) -> Response:
    """The version, how the active backend stands, and what may be sent."""
    active, maintained = await perdure.store.read(
        lambda r: (backends.active(r), orders.active_id(r) in orders.standing(r).maintained)
    )
    backend = await perdure.backends.status(active)
    limits = {
        "message_chars": MESSAGE_CHARS,
        "messages_per_minute": perdure.settings.messages_per_minute,
        "characters_per_chat": CHARACTERS_PER_CHAT,
    }
    second = perdure.settings.second_origin
    return Json(
        {
            "version": __version__,
            "limits": limits,
            "backend": orders.told_of(backend) if maintained else backend,
            "second_origin": str(second) if second else None,
        }
    )


@router.get("/api/v1/operator/processes", response_model=list[ProcessOut])
async def processes(perdure: Perdure) -> Response:
    """The processes of this installation, as the supervisor sees them."""
    return Json([{**row, "since": instant(row["since"])} for row in await perdure.desk.processes()])


@router.post("/api/v1/session", status_code=204)
async def open_session(body: PutSession, perdure: Perdure) -> Response:
    """Exchange the access token for a cookie, so that a browser shows it by itself."""
    answer = Response(status_code=204)
    token = perdure.settings.access_token
    if token is None:
        return answer
    if not matches(body.access_token, token.get_secret_value()):
        raise TokenRequired("That is not this server's access token.")
    value = quote(body.access_token, safe="")
    answer.set_cookie(COOKIE, value, max_age=365 * 24 * 3600, httponly=True, samesite="strict", path="/")
    return answer
