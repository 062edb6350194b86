"""The status page as files, drawn again as things change: for the supervisor, should web be down, and for web itself,
should this process be away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import TypeAdapter

from perdure.core.report import StatusReport
from perdure.files import write_whole
from perdure.health.watch import Watch
from perdure.statuspage.export import export
from perdure.statuspage.pace import Pace
from perdure.statuspage.site import Site, path_of

log = structlog.get_logger()

REPORT = TypeAdapter(StatusReport)
LAST = "report.json"
"""The report that the files were drawn from, beside them."""

HURRIED_S, ILL_S, CALM_S = 0.5, 2.0, 60.0
"""How often they are drawn at most; and how often while nothing changes, if anything is wrong and if nothing is."""


async def keep_published(watch: Watch, folder: Path, now: Callable[[], float]) -> None:
    """Draw for ever, as soon as something has changed; cancel to end. A disk that takes nothing is told of once."""
    drawn: set[str] = set()
    pace, version, wait_s, ill = Pace(HURRIED_S, ILL_S, CALM_S), watch.version, HURRIED_S, False
    while True:
        await watch.change(version, wait_s)
        report, version = watch.report(), watch.version
        is_due = pace.due(report, now())
        wait_s = pace.left_s(report, now())
        if not is_due:
            continue
        try:
            await asyncio.to_thread(_draw, report, folder, set(drawn))
        except OSError as error:
            if not ill:
                log.error("the status page cannot be written", reason=str(error))
            ill = True
            continue
        ill = False
        drawn = {f"{path_of(one)}.html" for one in report.past}


def _draw(report: StatusReport, folder: Path, unchanged: set[str]) -> None:
    export(Site(report, report.made_at, static=True), folder, unchanged)
    write_whole(folder / LAST, REPORT.dump_json(report))


def last_report(folder: Path) -> StatusReport | None:
    """What was published last; None where nothing was, or nothing that can be read."""
    try:
        return REPORT.validate_json((folder / LAST).read_bytes())
    except (OSError, ValueError):
        return None
