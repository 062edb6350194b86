"""A web process."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import structlog
import uvicorn
from prometheus_client import disable_created_metrics

from perdure.bells.unix import UnixBell
from perdure.bootstrap.clock import SystemClock
from perdure.bootstrap.health_news import installation_metrics, keep_informed
from perdure.bootstrap.process import stop_on_signals
from perdure.bootstrap.seed import seed_cast
from perdure.bootstrap.tracing import tracing_of
from perdure.bootstrap.web_backends import WebBackends
from perdure.bootstrap.web_desk import WebDesk
from perdure.config import Settings
from perdure.engine.tailer import Tailer
from perdure.engine.unforeseen import Recorder
from perdure.http.admission import Door
from perdure.http.app import create_app
from perdure.http.known_health import KnownHealth
from perdure.http.metrics import Metrics
from perdure.http.service import Service
from perdure.store.sqlite import SqliteStore
from perdure.supervise.lifeline import Lifeline, beat

log = structlog.get_logger()

PAGES = Path(__file__).parents[1] / "web"

GRACE_S = 3
"""How long requests may take to end when the process is told to, in seconds."""


class _Server(uvicorn.Server):
    """Signals are the process's, not uvicorn's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def run_web(settings: Settings, lifeline: Lifeline, listener: socket.socket) -> None:
    """Serve on `listener` until told to stop."""
    stop = stop_on_signals()
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, which Prometheus does not read
    tempfile.tempdir = str(settings.paths.run)  # uploads wait here: /tmp may be small, and is everybody's
    bell = UnixBell(settings.paths.bells, "web", lifeline.incarnation)
    await bell.open()
    store = SqliteStore(settings.paths.database, bell)
    tailer = Tailer(store, bell)
    backends = WebBackends(settings)
    clock = SystemClock()
    recorder = Recorder(store, clock, lifeline.name)
    recorder.watch()

    await seed_cast(store, clock)
    health = KnownHealth(clock.jitter)
    desk = WebDesk(settings, lifeline.name, health)
    metrics = Metrics(lambda: tailer.listening, partial(installation_metrics, settings))
    tracing = tracing_of(settings, lifeline.name)
    service = Service(
        settings=settings,
        store=store,
        clock=clock,
        tailer=tailer,
        desk=desk,
        backends=backends,
        pages=PAGES,
        note=recorder.note,
        door=Door(clock, settings.messages_per_minute, settings.max_queued),
        health=health,
        metrics=metrics,
        tracing=tracing,
    )
    config = uvicorn.Config(
        create_app(service),
        loop="none",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=75,
        backlog=2048,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        work = (tailer.run(), beat(lifeline), keep_informed(settings, health), desk.run())
        background = [tasks.create_task(each) for each in work]
        serving = tasks.create_task(server.serve(sockets=[listener]))
        log.info("web is ready")
        waiting = tasks.create_task(stop.wait())
        await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
        # Streams end first, so that their clients come back to whoever serves next.
        tailer.close()
        server.should_exit = True
        await serving
        for task in (*background, waiting):
            task.cancel()
    await backends.close()
    await recorder.settle()
    await tracing.close()
    await store.close()
    bell.close()  # after the store, which rings it
