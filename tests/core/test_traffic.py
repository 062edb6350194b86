"""What replies do says how the model is: whoever answers health checks and no requests is seen."""

from __future__ import annotations

from typing import Any

from perdure.core.health import Cause, Level
from perdure.core.traffic import SILENT_S, WINDOW_S, Moment, Traffic


class Course:
    """A course of replies, as the log has it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.seq = 0
        self.traffic = Traffic()

    def _log(self, kind: str, turn: str, view: dict[str, Any] | None) -> None:
        self.seq += 1
        self.traffic.take(Moment(self.seq, self.now, kind, "chat", turn, f"m-{turn}", view))

    def runs(self, turn: str, attempt: int = 1) -> None:
        """A worker has taken it on."""
        attempts = [{"n": n, "outcome": None} for n in range(1, attempt + 1)]
        self._log("turn", turn, {"state": "running", "attempts": attempts, "error": None, "trouble": None})

    def speaks(self, turn: str) -> None:
        """A few characters more."""
        self._log("delta", turn, None)

    def ends(self, turn: str, outcome: str = "done", fault: str | None = None, state: str = "done") -> None:
        """The attempt is over."""
        error = {"fault": fault, "code": outcome} if fault else None
        view = {"state": state, "attempts": [{"n": 1, "outcome": outcome}], "error": error, "trouble": None}
        self._log("turn", turn, view)

    def replies(self, times: int, first_s: float = 0.2) -> None:
        """So many that go well, one after the other."""
        for n in range(times):
            turn = f"good-{self.seq}-{n}"
            self.runs(turn)
            self.now += first_s
            self.speaks(turn)
            self.now += 0.01
            self.ends(turn)

    def fails(self, times: int, fault: str = "model") -> None:
        """So many that do not."""
        for n in range(times):
            turn = f"bad-{self.seq}-{n}"
            self.runs(turn)
            self.now += 0.1
            self.ends(turn, "model_server_error", fault, "failed")


def test_replies_that_go_well_say_nothing() -> None:
    course = Course()
    course.replies(20)
    assert course.traffic.finding(course.now).level is Level.OPERATIONAL
    assert not course.traffic.suspicious(course.now)


def test_a_model_whose_every_attempt_fails_is_down() -> None:
    """Three in a row, without a word between them; the codes are named."""
    course = Course()
    course.replies(5)
    course.fails(2)
    assert course.traffic.finding(course.now).level is Level.OPERATIONAL
    course.fails(1)
    finding = course.traffic.finding(course.now)
    assert (finding.level, finding.cause) == (Level.MAJOR, Cause.BACKEND_FAILING)
    assert "model_server_error" in finding.evidence


def test_a_model_that_fails_half_of_the_time_is_worse_than_it_was() -> None:
    course = Course()
    for _ in range(4):
        course.fails(1)
        course.replies(1)
    assert course.traffic.finding(course.now).level is Level.DEGRADED


def test_what_is_not_the_models_fault_is_not_laid_on_it() -> None:
    """A worker that dies over a reply, the person who stops it."""
    course = Course()
    course.replies(1)
    for outcome in ("worker_died", "stopped", "released", "lease_expired"):
        course.runs(outcome)
        course.ends(outcome, outcome, None, "queued")
    assert course.traffic.finding(course.now).level is Level.OPERATIONAL


def test_old_failures_are_forgotten() -> None:
    course = Course()
    course.replies(1)
    course.fails(3)
    course.now += 1
    course.replies(1)
    course.now += WINDOW_S + 1
    assert course.traffic.finding(course.now).level is Level.OPERATIONAL


def test_a_reply_that_never_begins_is_a_reason_to_ask_the_model() -> None:
    """As long as nobody else is being answered either."""
    course = Course()
    course.replies(1)
    course.runs("silent")
    course.now += SILENT_S - 1
    assert not course.traffic.suspicious(course.now)
    course.now += 1
    assert course.traffic.suspicious(course.now)
    course.runs("beside")
    course.speaks("beside")
    assert not course.traffic.suspicious(course.now)


def test_replies_that_begin_late_are_slow_by_what_is_usual() -> None:
    """Not by a fixed figure: what is slow for one model is usual for another."""
    course = Course()
    course.replies(20, first_s=1.6)
    course.now += WINDOW_S
    course.replies(4, first_s=8.0)
    finding = course.traffic.finding(course.now)
    assert (finding.level, finding.cause) == (Level.DEGRADED, Cause.BACKEND_SLOW)
    slow = Course()
    slow.replies(20, first_s=6.0)
    assert slow.traffic.finding(slow.now).level is Level.OPERATIONAL


def test_a_turn_that_is_taken_over_begins_anew() -> None:
    """Its first token is counted from the claim of the attempt that spoke it."""
    course = Course()
    course.runs("one")
    course.now += 30
    course.runs("one", attempt=2)
    course.now += 0.5
    course.speaks("one")
    assert [took for _, took in course.traffic.first_tokens] == [0.5]
