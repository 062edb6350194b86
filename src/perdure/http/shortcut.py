"""The one call that a first token waits for, past the framework: `PUT` of a message.

FastAPI takes several times as long to find and call the endpoint as the endpoint takes. Nearly every request is plain
and answered here; whatever is not goes the long way, with its body, and is answered or refused there. So only one of
the two has to explain itself, and a test holds their answers together.
"""

from __future__ import annotations

import re
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perdure.core.errors import PerdureError
from perdure.http.messages import put_message, router
from perdure.http.problems import refusal
from perdure.http.schemas.messages import PutMessage
from perdure.http.service import Service

_UUID = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_ROUTE = next(route for route in router.routes if isinstance(route, APIRoute) and route.endpoint is put_message)
_MESSAGE = re.compile(f"/api/v1/chats/{_UUID}/messages/{_UUID}", re.ASCII)


class ShortCut:
    """ASGI middleware, behind the guard."""

    def __init__(self, app: ASGIApp, *, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _MESSAGE.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if found is None or not _is_plain_json(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        first = await receive()
        said = _message(first)
        if said is None:
            await self._app(scope, _beginning_with(first, receive), send)
            return
        scope["route"] = _ROUTE
        chat_id, message_id = map(UUID, found.groups())
        try:
            answer = await put_message(chat_id, message_id, said, self._service)
        except PerdureError as error:
            answer = refusal(error, scope["path"], self._service.health.inform)
        await answer(scope, receive, send)


def _is_plain_json(headers: Headers) -> bool:
    return headers.get("content-type") == "application/json" and "content-length" in headers


def _message(first: Message) -> PutMessage | None:
    """The message in a body that came in one piece and needs no explanation."""
    if first["type"] != "http.request" or first.get("more_body"):
        return None
    try:
        return PutMessage.model_validate_json(first["body"])
    except ValidationError:
        return None


def _beginning_with(first: Message, receive: Receive) -> Receive:
    """The same messages once more, after the first one was taken."""
    waiting = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
