"""Which request asked for a turn, for whoever traces it. Installed only where somebody does."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from perdure.http.routes import template
from perdure.ports.tracing import Asked

OF_CLIENTS = ("traceparent", "tracestate")
"""Headers by which a client says what trace it is in (W3C Trace Context)."""

_REQUEST: ContextVar[tuple[float, Scope] | None] = ContextVar("request", default=None)


class Traced:
    """ASGI middleware: remembers the request for whatever is done for it. `now` gives Unix seconds."""

    def __init__(self, app: ASGIApp, *, now: Callable[[], float]) -> None:
        self._app = app
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _REQUEST.set((self._now(), scope))
        await self._app(scope, receive, send)


def asked() -> Asked | None:
    """The request that is being answered here; None outside of one."""
    request = _REQUEST.get()
    if request is None:
        return None
    came_at, scope = request
    headers = Headers(scope=scope)
    theirs = {name: headers[name] for name in OF_CLIENTS if name in headers}
    return Asked(came_at, scope["method"], template(scope), theirs)
