"""The pages, drawn by templates that escape whatever they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from perdure.core.estimate import in_words
from perdure.core.incidents import Incident
from perdure.core.report import DAYS, Maintenance, OpenIncident, StatusReport
from perdure.statuspage import words
from perdure.statuspage.bars import HEIGHT, bars
from perdure.statuspage.week import week

LATELY_S = 14 * words.DAY_S

Link = Callable[[str], str]
"""Where a path of the site is found, from the page that links to it."""


@cache
def _templates() -> Environment:
    env = Environment(
        loader=PackageLoader("perdure.statuspage"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    filters = {"instant": words.instant, "clock": words.clock, "touched": words.touched, "lasted": words.lasted}
    env.filters.update({**filters, "in_words": in_words})
    env.globals.update(levels=words.LEVELS, stages=words.STAGES, many=words.count, shown=DAYS, height=HEIGHT)
    return env


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one report as of `now`; `static` where they are hosted elsewhere, without the app."""

    report: StatusReport
    now: float
    static: bool

    def status(self, link: Link) -> bytes:
        """How everything is."""
        report, now = self.report, self.now
        planned = report.maintenance
        return self._drawn(
            "status",
            link,
            active=[one for one in planned if one.active(now)],
            upcoming=[one for one in planned if one.upcoming(now)],
            bars={one.id: bars(one, now) for one in report.components if one.group is None},
            week=week(report.busy),
            unbroken=words.unbroken(report, now - LATELY_S),
            lately=list(_by_day(one for one in report.past if one.opened_at > now - LATELY_S)),
        )

    def history(self, link: Link) -> bytes:
        """Everything that has happened."""
        all_of_them = [*(one.incident for one in self.report.incidents), *self.report.past]
        planned = sorted(self.report.maintenance, key=lambda one: -one.begins_at)
        return self._drawn(
            "history",
            link,
            everything=list(_by_day(all_of_them)),
            over=[one for one in planned if not one.active(self.now) and not one.upcoming(self.now)],
            # The first day that is shown is today's, the last but so many.
            unbroken=words.unbroken(self.report, self.now - (DAYS - 1) * words.DAY_S),
        )

    def incident(self, one: OpenIncident, link: Link) -> bytes:
        """An incident and its whole story."""
        return self._drawn("incident", link, incident=one.incident, left=one.left)

    def maintenance(self, one: Maintenance, link: Link) -> bytes:
        """Something that is or was planned."""
        return self._drawn("maintenance", link, one=one)

    def _drawn(self, name: str, link: Link, **more: Any) -> bytes:
        names = {one.id: one.name for one in self.report.components}
        known = {
            "report": self.report,
            "now": self.now,
            "static": self.static,
            "names": names,
            "link": link,
            "whole": words.whole(self.report),
        }
        return _templates().get_template(f"{name}.html.j2").render(**known, **more).encode()


def _by_day(incidents: Iterable[Incident]) -> Iterator[dict[str, Any]]:
    """In groups of a day, the last one first."""
    ordered = sorted(incidents, key=lambda one: one.opened_at, reverse=True)
    for day, of_day in groupby(ordered, key=lambda one: words.day(one.opened_at)):
        yield {"day": day, "incidents": list(of_day)}
