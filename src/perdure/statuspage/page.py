"""The pages, drawn by templates that escape whatever they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from perdure.core.busy import HOURS, quiet_hours
from perdure.core.estimate import in_words
from perdure.core.incidents import Incident
from perdure.core.report import DAYS, BusyHour, Component, Maintenance, OpenIncident, StatusReport
from perdure.statuspage import words

LATELY_S = 14 * 24 * 3600.0
STEPS = 5
"""So many shades tell an hour's load."""

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
    env.globals.update(levels=words.LEVELS, stages=words.STAGES, bars=DAYS)
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
        week = _week(report.busy)
        return self._drawn(
            "status",
            link,
            active=[one for one in planned if one.active(now)],
            upcoming=[one for one in planned if one.upcoming(now)],
            days=lambda one: _days(one, now),
            uptime=lambda one: words.percent(_share(one)),
            week=week,
            busiest=_named(report.busy, max) if week else None,
            quietest=_named(report.busy, min) if week else None,
            lately=list(_by_day(one for one in report.past if one.opened_at > now - LATELY_S)),
        )

    def history(self, link: Link) -> bytes:
        """Everything that has happened."""
        all_of_them = [*(one.incident for one in self.report.incidents), *self.report.past]
        return self._drawn("history", link, everything=list(_by_day(all_of_them)))

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


def _days(one: Component, now: float) -> Iterator[dict[str, str]]:
    """The last days of a component, oldest first; those that nobody watched too."""
    known = {day.date: day for day in one.days}
    today = datetime.fromtimestamp(now, UTC).date()
    for back in range(DAYS - 1, -1, -1):
        date = (today - timedelta(days=back)).isoformat()
        share = known[date].share if date in known else None
        yield {"date": date, "said": words.percent(share), "kind": _kind(share)}


def _kind(share: float | None) -> str:
    if share is None:
        return "unknown"
    return "up" if share >= 0.9995 else "mostly" if share >= 0.98 else "bad"


def _share(one: Component) -> float | None:
    """Of all days together, each by how much of it was watched."""
    days = [(day.share, day.watched_s) for day in one.days]
    watched_s = sum(span_s for share, span_s in days if share is not None)
    return sum(share * span_s for share, span_s in days if share is not None) / watched_s if watched_s else None


def _by_day(incidents: Iterable[Incident]) -> Iterator[dict[str, Any]]:
    """In groups of a day, the last one first."""
    ordered = sorted(incidents, key=lambda one: one.opened_at, reverse=True)
    for day, of_day in groupby(ordered, key=lambda one: words.day(one.opened_at)):
        yield {"day": day, "incidents": list(of_day)}


def _week(busy: Sequence[BusyHour]) -> Sequence[dict[str, Any]]:
    """The hours of the week in rows of a day; none while not all of them are known."""
    if not quiet_hours(busy):
        return ()
    most = max(one.replies for one in busy) or 1.0
    cells = [
        {"step": round((STEPS - 1) * one.replies / most), "said": f"{_when(one.hour)}: {one.replies:.1f} an hour"}
        for one in busy
    ]
    return [{"name": words.DAYS[n], "at": n, "cells": cells[n * 24 : n * 24 + 24]} for n in range(HOURS // 24)]


def _named(busy: Sequence[BusyHour], which: Callable[..., BusyHour]) -> dict[str, str]:
    one = which(busy, key=lambda hour: hour.replies)
    return {"when": _when(one.hour), "replies": f"{one.replies:.1f}"}


def _when(hour: int) -> str:
    return f"{words.DAYS[hour // 24]} {hour % 24:02}:00 UTC"
