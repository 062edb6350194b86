"""The last days of a component, as bars: what nobody watched is not drawn as up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from perdure.core.estimate import span
from perdure.core.report import DAYS, Component, DayUptime
from perdure.statuspage.words import DAY_S, count, percent

HEIGHT = 24
"""Of a bar whose whole day was watched."""

WHOLE = 0.995
"""The share of a day that has to have been watched for it to count as watched: looks have gaps between them."""

UP, MOSTLY = 0.9995, 0.98
"""Shares of the watched time from which a day is drawn as up, and as mostly up."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A day. `kind` is `up`, `mostly`, `bad` or `unknown`; `height` is as much of `HEIGHT` as was watched of it, so
    that the rest can be drawn as unknown.
    """

    date: str
    kind: str
    said: str
    height: int


@dataclass(frozen=True, slots=True)
class Bars:
    """The last `DAYS` days, the oldest first, and the share of all of them together that it was up."""

    days: Sequence[Bar]
    share: str

    @property
    def trouble(self) -> Sequence[Bar]:
        """Days that were not wholly up, the last one first."""
        return [one for one in reversed(self.days) if one.kind in ("mostly", "bad")]

    @property
    def said(self) -> str:
        """All of it for those who do not see it."""
        unknown = sum(one.kind == "unknown" for one in self.days)
        trouble = count(len(self.trouble), "day with trouble", "days with trouble")
        return f"{self.share}; {trouble}, {count(unknown, 'day without data', 'days without data')}"


def bars(one: Component, now: float) -> Bars:
    """Its bars as of `now`, in Unix seconds."""
    known = {day.date: day for day in one.days}
    today = datetime.fromtimestamp(now, UTC).date()
    dates = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return Bars([_bar(each, known.get(each.isoformat()), now) for each in dates], _share(one))


def _bar(day: date, uptime: DayUptime | None, now: float) -> Bar:
    share = None if uptime is None else uptime.share
    if uptime is None or share is None:
        return Bar(day.isoformat(), "unknown", percent(None), 0)
    so_far_s = now - datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    watched = uptime.watched_s / max(1.0, min(DAY_S, so_far_s))
    kind = "up" if share >= UP else "mostly" if share >= MOSTLY else "bad"
    if watched >= WHOLE:
        return Bar(day.isoformat(), kind, f"{percent(share)} up", HEIGHT)
    said = f"{percent(share)} up of the {span(uptime.watched_s)} that were watched"
    return Bar(day.isoformat(), kind, said, max(1, int(watched * HEIGHT)))


def _share(one: Component) -> str:
    """Of all days together, each by how much of it was watched."""
    days = [(day.share, day.watched_s) for day in one.days]
    watched_s = sum(span_s for share, span_s in days if share is not None)
    share = sum(share * span_s for share, span_s in days if share is not None) / watched_s if watched_s else None
    return "no data" if share is None else f"{percent(share)} up"
