"""Prometheus metrics: what this process has answered, and what the health process counts of the whole installation.

Each process counts in its own memory. Files that several of them map into theirs would kill all of them at once on a
full disk (SIGBUS), and what has to outlive a worker is in the log anyway.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perdure import __version__
from perdure.http.routes import template

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

REQUEST_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
Elsewhere = Callable[[], Awaitable[str | None]]
"""Asks the health process for its metrics, as text; None where it does not answer."""


class Metrics:
    """What a web process tells. `streams` says how many event streams are open."""

    def __init__(self, streams: Callable[[], int], elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "perdure_http_requests", "Requests that were answered.", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "perdure_http_request_seconds",
            "From a request's arrival to the beginning of its answer.",
            ["route", "method"],
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        Gauge("perdure_event_streams", "Event streams that are open.", registry=registry).set_function(streams)
        self._health_up = Gauge("perdure_health_up", "1 while the health process answers.", registry=registry)
        build = Gauge("perdure_build_info", "Always 1.", ["version", "python"], registry=registry)
        build.labels(__version__, platform.python_version()).set(1)
        # Looking a child up by its labels takes longer than counting.
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, scope: Scope, status: int, after_s: float) -> None:
        """Count the request of that ASGI scope, whose answer begins now."""
        key = (template(scope), scope["method"], status // 100)
        children = self._known.get(key) or self._children(*key)
        children[0].inc()
        children[1].observe(after_s)

    async def exposition(self) -> bytes:
        """All of it, in Prometheus's text format."""
        told = await self._elsewhere()
        self._health_up.set(told is not None)
        return generate_latest(self._registry) + (told or "").encode()

    def _children(self, route: str, method: str, hundreds: int) -> tuple[Counter, Histogram]:
        # Anybody can send a method of their own making: those are one, and not kept one by one either.
        named = method if method in METHODS else "other"
        children = self._requests.labels(route, named, f"{hundreds}xx"), self._seconds.labels(route, named)
        if named == method:
            self._known[route, method, hundreds] = children
        return children


class Metered:
    """ASGI middleware around everything else: what is refused at the door counts too."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        came = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.answered(scope, message["status"], time.perf_counter() - came)
            await send(message)

        await self._app(scope, receive, counted)
