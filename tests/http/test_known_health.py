"""What is known to be broken is told with every failure that it explains, and when it is worth coming back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from perdure.core.busy import HOURS
from perdure.core.errors import (
    ModelUnreachable,
    Overloaded,
    PerdureError,
    StoreFull,
    StoreUnavailable,
    TooFast,
    UnknownModel,
)
from perdure.core.estimate import Estimate, retry_after
from perdure.core.report import BusyHour, Queue
from perdure.http.known_health import LONG_S, KnownHealth
from tests.statuspage.reports import BROKEN, DOWN, WELL

MODEL_DOWN = BROKEN.incidents[0]


def informed(error: PerdureError, health: KnownHealth) -> PerdureError:
    health.inform(error)
    return error


def knowing(report: object, chance: float = 0.5) -> KnownHealth:
    health = KnownHealth(lambda: chance)
    health.heard("1", report)  # type: ignore[arg-type]
    return health


def test_a_failure_names_the_incident_that_explains_it() -> None:
    """By the component that it is about; one that nothing explains names none."""
    broken, down = knowing(BROKEN), knowing(DOWN)
    assert informed(ModelUnreachable(), broken).incident == MODEL_DOWN.incident.id
    assert informed(StoreUnavailable(), broken).incident is None
    assert informed(StoreFull(), down).incident == DOWN.incidents[0].incident.id
    assert informed(ModelUnreachable(), knowing(WELL)).incident is None
    assert informed(ModelUnreachable(), KnownHealth(lambda: 0.5)).incident is None


def test_when_to_come_back_is_how_long_such_incidents_last() -> None:
    """Spread, so that a crowd does not come back at once; a modest wait where that is not known."""
    left = MODEL_DOWN.left
    for chance in (0.0, 0.5, 0.99):
        told = informed(ModelUnreachable(), knowing(BROKEN, chance)).retry_after_s
        assert told == round(retry_after(left, chance), 1)
    first, last = (informed(ModelUnreachable(), knowing(BROKEN, chance)).retry_after_s for chance in (0.0, 0.99))
    assert first is not None
    assert last is not None
    assert last > 1.4 * first
    assert informed(StoreUnavailable(), knowing(WELL)).retry_after_s == round(retry_after(None, 0.5), 1)


def test_a_full_queue_tells_its_own_wait() -> None:
    """For everybody who is in it already."""
    health = knowing(replace(WELL, queue=Queue(9, 4, Estimate(2.0, 1.0, 4.0, 30))), 0.0)
    assert informed(Overloaded(), health).retry_after_s == retry_after(Estimate(20.0, 10.0, 40.0, 30), 0.0)
    waits = health.wait(2)
    assert waits is not None
    assert (waits.median_s, waits.low_s, waits.high_s) == (6.0, 3.0, 12.0)
    assert knowing(WELL).wait(2) is None


def test_what_says_itself_when_to_come_back_is_let_alone() -> None:
    """So is what does not help by coming back."""
    assert informed(TooFast(retry_after_s=7.0), knowing(BROKEN)).retry_after_s == 7.0
    assert informed(UnknownModel(), knowing(BROKEN)).retry_after_s is None


def test_whoever_waits_for_long_is_told_when_it_is_quieter() -> None:
    """As it has been for weeks; one whose wait is short, or not known, has no use for that."""
    nights = [BusyHour(hour, 0.0 if hour % 24 < 6 else 9.0, 3) for hour in range(HOURS)]
    health = knowing(replace(WELL, busy=nights))
    noon, midnight = datetime(2026, 11, 26, 12, tzinfo=UTC), datetime(2026, 11, 27, tzinfo=UTC)
    assert health.quiet_from(Estimate(LONG_S, 1.0, 90.0, 30), noon.timestamp()) == midnight.timestamp()
    assert health.quiet_from(Estimate(LONG_S - 1.0, 1.0, 90.0, 30), noon.timestamp()) is None
    assert health.quiet_from(None, noon.timestamp()) is None
    assert knowing(replace(WELL, busy=())).quiet_from(Estimate(LONG_S, 1.0, 90.0, 30), noon.timestamp()) is None
