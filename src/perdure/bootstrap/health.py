"""The health process."""

from __future__ import annotations

import asyncio
import sys
import time
from functools import partial

import aiohttp
import structlog
from prometheus_client import CollectorRegistry, disable_created_metrics

from perdure.bootstrap.backends import model_name
from perdure.bootstrap.health_backends import KnownBackends
from perdure.bootstrap.health_processes import KnownProcesses
from perdure.bootstrap.process import stop_on_signals
from perdure.bootstrap.serve import worker_names
from perdure.bootstrap.usage import Usage, use_of
from perdure.bootstrap.web_backends import WebBackends
from perdure.config import Settings
from perdure.core.incidents import Healing
from perdure.core.traffic import Traffic
from perdure.health.acts import Operator
from perdure.health.chronicle import Chronicle
from perdure.health.components import Roster, component_of, components
from perdure.health.counted import Counted
from perdure.health.desk import Desk
from perdure.health.drills import Drills
from perdure.health.gauges import Gauges
from perdure.health.ledger import Ledger
from perdure.health.look import Look
from perdure.health.looks.backend import BackendLook
from perdure.health.looks.everyday import ImportLook, SearchLook
from perdure.health.looks.processes import Row
from perdure.health.looks.reserve import ReserveLook
from perdure.health.looks.store import StoreLook
from perdure.health.looks.web import WebLook
from perdure.health.model_healer import ModelHealer
from perdure.health.notifier import Notifier, Receivers
from perdure.health.publish import keep_published
from perdure.health.record_healer import RecordHealer
from perdure.health.samples import Samples
from perdure.health.standings import Standings
from perdure.health.telling import Telling
from perdure.health.watch import PROCESSES, Watch
from perdure.store.sqlite import SqliteStore
from perdure.supervise import control
from perdure.supervise.lifeline import Lifeline, beat

log = structlog.get_logger()

CALM_S = 1.0
"""Between two looks at what answers over HTTP while all is well: its process's death and its silence are heard of."""

WORKS = 0.2
"""The share of a core that a model takes at least while it reads or writes."""


async def run_health(settings: Settings, lifeline: Lifeline, web_url: str) -> None:
    """Watch over the installation whose web process is at `web_url`, until told to stop."""
    stop = stop_on_signals()
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, which Prometheus does not read
    store = SqliteStore(settings.paths.database)
    ledger = await asyncio.to_thread(Ledger, settings.paths.health)
    chronicle = Chronicle(ledger, time.time, settings.escalate_after_s)
    models = WebBackends(settings)
    traffic = Traffic()
    known = KnownBackends(store, models)
    timeout = aiohttp.ClientTimeout(total=10.0)  # whoever looks has less patience, and asks again only then
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        roster = Roster(components(worker_names(settings), model_name(settings)))

        def component(row: Row) -> str:
            return component_of(row, default_is_active=known.default_is_active)

        processes = KnownProcesses(settings.paths.control, component)
        usage = Usage(time.monotonic)

        def model_works() -> bool:
            pid = processes.model()
            return known.default_is_active and pid is not None and (usage.cpu(pid) or 0.0) >= WORKS

        backend = BackendLook(known.stands, known.speaks, traffic, model_works, settings.first_token_s)
        # A backend that was added while Perdure runs is somebody else's, though there is a model of ours beside it.
        model_healer = ModelHealer(
            lambda: backend.deaf,
            known.hold,
            partial(processes.restart, "model"),
            ours=lambda: settings.managed and known.default_is_active,
        )

        storing = StoreLook(store, settings.paths.database)
        record_healer = RecordHealer(storing, processes.writers, processes.restart, store.clear_log)

        def healing() -> dict[str, Healing]:
            return {**model_healer.healing(), **record_healer.healing(), **processes.look.healing()}

        web = WebLook(f"{web_url}/readyz", session, partial(processes.look.is_asked_to_restart, "web"))
        looks = (
            Look(PROCESSES, (), processes.look.find),
            Look("web", ("web",), web.find, period_s=CALM_S, limit_s=2.0),
            Look("store", ("store",), storing.find),
            Look("model", ("model",), backend.find, period_s=CALM_S, limit_s=3.0),
            Look("search", ("search",), SearchLook(store).find, period_s=5.0, limit_s=2.0),
            Look("import", ("import",), ImportLook(settings.paths.run).find, period_s=10.0, limit_s=2.0),
            Look("reserve", (), ReserveLook(known.in_reserve, roster).find, period_s=15.0, limit_s=5.0),
        )
        standings = Standings(roster, time.time, chronicle.maintained)
        telling = Telling("Perdure", web_url, roster, time.time)
        metrics = CollectorRegistry()
        counted = Counted(metrics)
        watch = Watch(
            roster, looks, processes.look, store, chronicle, standings, telling, traffic, counted, healing, time.time
        )
        samples = Samples(store, settings.paths.database, lambda: processes.look.seen, use_of)
        metrics.register(Gauges(telling, standings, chronicle, watch, processes.look, samples))
        acts = await asyncio.to_thread(Ledger, settings.paths.health)  # likewise a connection of its own
        drills = Drills([sys.executable, "-m", "perdure.drill.beside", str(settings.paths.drill)], settings.paths.drill)
        operator = Operator(chronicle, acts, roster.fixed, time.time, drills)
        desk = control.ControlSocket(settings.paths.desk, Desk(watch, operator, metrics, lifeline.incarnation).answer)
        await desk.open()
        # A connection of its own: it waits for nobody who writes beside it, and nobody waits for it.
        deliveries = await asyncio.to_thread(Ledger, settings.paths.health)
        notifier = Notifier(chronicle, deliveries, _receivers(settings), settings.notify_after_s, time.time)
        publishing = keep_published(watch, settings.paths.site, time.time)
        mine = (beat(lifeline), _notices(lifeline, watch), drills.watch(), samples.run())
        work = (publishing, model_healer.run(time.time), record_healer.run(time.time), notifier.run(session))
        background = [asyncio.create_task(each) for each in (*mine, *work)]
        log.info("health is ready")
        await watch.run(stop)
        for task in background:
            task.cancel()
        await desk.close()
        await asyncio.to_thread(drills.close)
    await models.close()
    await store.close()
    ledger.close()
    deliveries.close()
    acts.close()


def _receivers(settings: Settings) -> Receivers:
    secret, smtp_url = settings.notify_secret, settings.notify_smtp_url
    return Receivers(
        settings.notify_webhooks,
        secret.get_secret_value() if secret else "",
        settings.notify_mails,
        smtp_url.get_secret_value() if smtp_url else "",
        settings.notify_from,
    )


async def _notices(lifeline: Lifeline, watch: Watch) -> None:
    """A death that the supervisor tells of, or a silence, is looked at at once."""
    async for _ in lifeline.notices():
        watch.look_now(PROCESSES)
