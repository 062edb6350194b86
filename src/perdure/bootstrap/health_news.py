"""How a web process hears of the health of everything: it asks the health process for news, again and again, and
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

PAUSE_S = 0.1
"""Between two questions: whatever happens so soon after something else is heard together with it."""
AWAY_S = 0.25
PATIENCE_S = 6.0
"""Longer than the health process has a question wait for news."""


async def keep_informed(settings: Settings, health: KnownHealth) -> None:
    """Ask for ever; cancel to end. While the health process is away, what it said last is known, and when."""
    last = await asyncio.to_thread(last_report, settings.paths.site)
    if last is not None:
        health.heard("none", last)
    while True:
        answers = await _hear(settings, health, "news", PATIENCE_S)
        await asyncio.sleep(PAUSE_S if answers else AWAY_S)


async def inform(settings: Settings, health: KnownHealth) -> None:
    """Ask once, for what is so now."""
    await _hear(settings, health, "report", 1.0)


async def _hear(settings: Settings, health: KnownHealth, request: str, within_s: float) -> bool:
    try:
        answer = await control.ask_async(settings.paths.desk, f"{request} {health.version}", within_s)
    except ControlError:
        log.debug("the health process does not answer")
        return False
    if isinstance(answer, dict) and "report" in answer:
        health.heard(answer["version"], REPORT.validate_python(answer["report"]))
    return True


async def installation_metrics(settings: Settings) -> str | None:
    """What the health process counts, in Prometheus's text format; None while it does not answer."""
    try:
        answer = await control.ask_async(settings.paths.desk, "metrics")
    except ControlError:
        return None
    return str(answer["metrics"]) if isinstance(answer, dict) else None
