"""Uptime counts what was watched, and says nothing of what was not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from perdure.core.busy import HOURS, by_hour_of_week, next_quiet, quiet_hours
from perdure.core.health import Level
from perdure.core.report import DayUptime
from perdure.core.uptime import Uptime

MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC).timestamp()


def test_seconds_are_counted_at_the_level_that_was_shown() -> None:
    uptime = Uptime()
    for n in range(11):
        uptime.count({"web": Level.MAJOR if n > 6 else Level.OPERATIONAL}, MIDNIGHT + n)
    seconds = uptime.seconds["2026-11-26"]
    assert (seconds["web", Level.OPERATIONAL], seconds["web", Level.MAJOR]) == (6.0, 4.0)


def test_a_day_ends_at_midnight_in_utc() -> None:
    uptime = Uptime()
    uptime.count({"web": Level.OPERATIONAL}, MIDNIGHT - 2)
    uptime.count({"web": Level.OPERATIONAL}, MIDNIGHT + 3)
    assert uptime.seconds["2026-11-25"]["web", Level.OPERATIONAL] == 2.0
    assert uptime.seconds["2026-11-26"]["web", Level.OPERATIONAL] == 3.0


def test_a_time_in_which_nobody_looked_is_not_counted() -> None:
    """A laptop that slept was not up, nor was it down. A clock that was put back counts nothing either."""
    uptime = Uptime()
    uptime.count({"web": Level.OPERATIONAL}, MIDNIGHT)
    uptime.count({"web": Level.OPERATIONAL}, MIDNIGHT + 3600)
    uptime.count({"web": Level.OPERATIONAL}, MIDNIGHT + 1800)
    assert uptime.seconds == {}


def test_what_could_not_be_written_down_is_counted_still() -> None:
    uptime = Uptime()
    uptime.count({"web": Level.MAJOR}, MIDNIGHT)
    uptime.count({"web": Level.MAJOR}, MIDNIGHT + 1)
    uptime.asked(MIDNIGHT)
    taken = uptime.taken()
    assert uptime.seconds == {}
    uptime.count({"web": Level.MAJOR}, MIDNIGHT + 2)
    uptime.give_back(taken)
    assert uptime.seconds["2026-11-26"]["web", Level.MAJOR] == 2.0
    assert sum(uptime.watched.values()) == 2.0
    assert sum(uptime.replies.values()) == 1


def test_the_share_is_of_what_was_watched() -> None:
    """A partial outage counts as 30 %, as Statuspage has it; of a day that nobody watched nothing is said."""
    assert DayUptime("2026-11-26", {}).share is None
    assert DayUptime("2026-11-26", {Level.OPERATIONAL: 90.0, Level.MAJOR: 10.0}).share == pytest.approx(0.9)
    assert DayUptime("2026-11-26", {Level.OPERATIONAL: 90.0, Level.PARTIAL: 10.0}).share == pytest.approx(0.97)
    assert DayUptime("2026-11-26", {Level.DEGRADED: 50.0, Level.MAINTENANCE: 50.0}).share == 1.0


def test_busy_hours_are_means_over_watched_weeks() -> None:
    """Monday is the first day, and an hour that was hardly watched says nothing."""
    monday = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) // 3600
    hours = [(monday, 4, 3600.0), (monday + HOURS, 8, 3600.0), (monday + 1, 100, 900.0)]
    [busy] = by_hour_of_week(hours)
    assert (busy.hour, busy.replies, busy.weeks) == (0, 6.0, 2)


def weeks(quiet_until: int, hours: int) -> list[tuple[int, int, float]]:
    """So many hours from a Monday on, quiet until that hour of each day."""
    monday = int(datetime(2026, 11, 9, tzinfo=UTC).timestamp()) // 3600
    return [(monday + n, 0 if n % 24 < quiet_until else 10, 3600.0) for n in range(hours)]


def test_quiet_hours_are_named_only_where_two_whole_weeks_are_known() -> None:
    two = weeks(6, 2 * HOURS)
    assert [one.hour for one in quiet_hours(by_hour_of_week(two))] == [n for n in range(HOURS) if n % 24 < 6]
    assert quiet_hours(by_hour_of_week(two[:-1])) == ()
    assert quiet_hours(by_hour_of_week(two[:HOURS])) == ()


def test_hours_that_are_alike_are_all_quiet_or_none_is() -> None:
    """Nobody is told that Monday's nights are quiet and Sunday's are not, where that is not so."""
    hours = [one.hour for one in quiet_hours(by_hour_of_week(weeks(9, 2 * HOURS)))]
    assert hours == [n for n in range(HOURS) if n % 24 < 9]


def test_when_it_will_be_quiet_is_told_to_whoever_comes_while_it_is_not() -> None:
    """By the hour; nothing where it is quiet, or where nobody knows."""
    busy = by_hour_of_week(weeks(6, 2 * HOURS))
    noon = datetime(2026, 11, 26, 12, 20, tzinfo=UTC).timestamp()
    midnight = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
    assert next_quiet(busy, noon) == midnight
    assert next_quiet(busy, midnight) is None
    assert next_quiet(busy, midnight + 6 * 3600) == midnight + 24 * 3600
    assert next_quiet(busy[1:], noon) is None
    assert next_quiet((), noon) is None
