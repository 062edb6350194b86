"""How a web process hears of the health of everything: it asks the health process for its report, again and again, and
for its metrics when somebody wants them.
"""

from __future__ import annotations

import asyncio

import structlog

from perdure.config import Settings
from perdure.health.publish import REPORT, last_report
from perdure.http.known_health import KnownHealth
from perdure.supervise import control
from perdure.supervise.errors import ControlError

log = structlog.get_logger()

EVERY_S = 0.25


async def keep_informed(settings: Settings, health: KnownHealth) -> None:
    """Ask for ever; cancel to end. While the health process is away, what it said last is known, and when."""
    last = await asyncio.to_thread(last_report, settings.paths.site)
    if last is not None:
        health.heard("none", last)
    while True:
        await inform(settings, health)
        await asyncio.sleep(EVERY_S)


async def inform(settings: Settings, health: KnownHealth) -> None:
    """Ask once."""
    try:
        answer = await control.ask_async(settings.paths.desk, f"report {health.version}")
    except ControlError:
        log.debug("the health process does not answer")
        return
    if isinstance(answer, dict) and "report" in answer:
        health.heard(answer["version"], REPORT.validate_python(answer["report"]))


async def installation_metrics(settings: Settings) -> str | None:
    """What the health process counts, in Prometheus's text format; None while it does not answer."""
    try:
        answer = await control.ask_async(settings.paths.desk, "metrics")
    except ControlError:
        return None
    return str(answer["metrics"]) if isinstance(answer, dict) else None
