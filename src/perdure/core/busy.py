"""When it is busy: the load of past weeks, by the hour of the week."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perdure.core.report import BusyHour

HOURS = 168
_MONDAY = 96
"""1970-01-01 was a Thursday: the first Monday began so many hours later."""

ENOUGH = 0.5
"""The share of an hour that has to have been watched for it to count."""

ENOUGH_WEEKS = 2
"""One week alone does not tell a habit from an accident."""


def by_hour_of_week(hours: Iterable[tuple[int, int, float]]) -> Sequence[BusyHour]:
    """What such hours were like on average, from (Unix hour, replies asked for, seconds watched); only those of which
    there are any.
    """
    sums: dict[int, tuple[int, int]] = {}
    for hour, replies, watched_s in hours:
        if watched_s >= ENOUGH * 3600.0:
            at = _of_week(hour)
            total, weeks = sums.get(at, (0, 0))
            sums[at] = total + replies, weeks + 1
    return [BusyHour(at, total / weeks, weeks) for at, (total, weeks) in sorted(sums.items())]


def quiet_hours(busy: Sequence[BusyHour]) -> Sequence[BusyHour]:
    """The quarter of all hours in which least is asked for, and those in which no more is; none where any hour of the
    week is not known from `ENOUGH_WEEKS` weeks.
    """
    if len(busy) < HOURS or any(one.weeks < ENOUGH_WEEKS for one in busy):
        return ()
    most = sorted(one.replies for one in busy)[HOURS // 4 - 1]
    return sorted((one for one in busy if one.replies <= most), key=lambda one: one.hour)


def next_quiet(busy: Sequence[BusyHour], now: float) -> float | None:
    """When the next quiet hour begins, in Unix seconds; None where it is one already, or none is known."""
    quiet = {one.hour for one in quiet_hours(busy)}
    this = int(now // 3600)
    if not quiet or _of_week(this) in quiet:
        return None
    return 3600.0 * next(hour for hour in range(this, this + HOURS) if _of_week(hour) in quiet)


def _of_week(hour: int) -> int:
    """The hour of the week that an hour since the epoch is."""
    return (hour - _MONDAY) % HOURS
