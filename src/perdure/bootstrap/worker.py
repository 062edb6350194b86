"""A worker process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import structlog

from perdure.bells.unix import UnixBell
from perdure.bootstrap.backends import active_backend
from perdure.bootstrap.clock import SystemClock
from perdure.bootstrap.process import stop_on_signals
from perdure.bootstrap.tracing import tracing_of
from perdure.config import Settings
from perdure.core.prompt import PromptMessage
from perdure.engine.attempt import Patience
from perdure.engine.foresight import Foresight
from perdure.engine.unforeseen import Recorder
from perdure.engine.worker import Identity, Worker
from perdure.store.sqlite import SqliteStore
from perdure.supervise.lifeline import Lifeline, beat

log = structlog.get_logger()


async def run_worker(settings: Settings, lifeline: Lifeline) -> None:
    """Work until told to stop, then give back what is held."""
    stop = stop_on_signals()
    bell = UnixBell(settings.paths.bells, "worker", lifeline.incarnation)
    await bell.open()
    store = SqliteStore(settings.paths.database, bell)
    backend = active_backend(settings)
    clock = SystemClock()
    recorder = Recorder(store, clock, lifeline.name)
    recorder.watch()
    tracing = tracing_of(settings, lifeline.name)
    worker = Worker(
        Identity(lifeline.name, lifeline.incarnation),
        store,
        bell,
        clock,
        backend,
        patience=Patience(settings.first_token_s, settings.stall_s, settings.patience_s),
        note=recorder.note,
        deaths=_deaths(lifeline),
        tracing=tracing,
    )

    async def foresee(head: tuple[PromptMessage, ...]) -> None:
        await backend.now.foresee(head)

    foresight = Foresight(store, bell, foresee, settings.turn_settings(), settings.context_size)
    foreseeing = asyncio.create_task(foresight.run()) if settings.managed else None
    beating = asyncio.create_task(beat(lifeline))
    log.info("worker is ready")
    await worker.run(stop)
    beating.cancel()
    if foreseeing is not None:
        foreseeing.cancel()
    await backend.close()
    await recorder.settle()
    await tracing.close()
    await store.close()
    bell.close()  # after the store, which rings it


async def _deaths(lifeline: Lifeline) -> AsyncIterator[Mapping[str, str]]:
    """Workers and models that the supervisor saw die."""
    async for notice in lifeline.notices():
        if notice.get("event") == "died" and notice.get("role") in ("worker", "model"):
            yield {key: notice[key] for key in ("role", "name", "incarnation")}
