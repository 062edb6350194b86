"""What is counted of replies is what people had of them, whoever spoke and however often somebody had to begin anew."""

from __future__ import annotations

from typing import Any

from perdure.core.tally import Over, Replies, Said
from perdure.core.traffic import Moment
from perdure.core.turn import State
from perdure.core.views import instant

ASKED_AT = 1000.0


def turn(state: str, at: float, attempts: int = 0, offset: int = 0) -> Moment:
    """How the turn stands, as the log has it."""
    view: dict[str, Any] = {"state": state, "created_at": instant(ASKED_AT), "offset": offset}
    view["attempts"] = [{"n": n + 1} for n in range(attempts)]
    return Moment(1, at, "turn", "chat", "turn", "message", view)


def delta(upto: int, at: float) -> Moment:
    """The reply has so many characters now."""
    return Moment(1, at, "delta", "chat", "turn", "message", None, upto)


def told(*moments: Moment) -> list[Said | Over]:
    """What they add to the counts."""
    replies = Replies()
    return [one for one in map(replies.take, moments) if one is not None]


def test_a_first_token_is_timed_from_when_the_reply_was_asked_for() -> None:
    """The wait for a worker is in it: that is what people wait for."""
    queued, running = turn("queued", ASKED_AT), turn("running", ASKED_AT + 2, 1)
    assert told(queued, running, delta(3, ASKED_AT + 2.5), delta(10, ASKED_AT + 3)) == [Said(3, 2.5), Said(7)]


def test_a_takeover_has_no_second_first_token() -> None:
    """Another worker goes on: the characters count, the first one was there before."""
    course = (turn("queued", ASKED_AT), turn("running", ASKED_AT, 1), delta(4, ASKED_AT + 1))
    again = (turn("queued", ASKED_AT + 2, 1, 4), turn("running", ASKED_AT + 2, 2, 4), delta(6, ASKED_AT + 3))
    assert told(*course, *again, turn("done", ASKED_AT + 4, 2, 6)) == [Said(4, 1.0), Said(2), Over(State.DONE, 4.0)]


def test_what_a_continued_reply_begins_with_was_said_by_another() -> None:
    """It comes as text before its turn does, and is counted by nobody."""
    course = (delta(20, ASKED_AT), turn("queued", ASKED_AT, 0, 20), turn("running", ASKED_AT, 1, 20))
    assert told(*course, delta(25, ASKED_AT + 1)) == [Said(5, 1.0)]


def test_who_begins_in_the_middle_takes_no_later_token_for_the_first() -> None:
    """An attempt was before this one: when its first character came is not known."""
    assert told(turn("running", ASKED_AT + 60, 2, 9), delta(12, ASKED_AT + 61)) == [Said(3)]
    assert told(delta(12, ASKED_AT + 61)) == []


def test_every_end_counts_once() -> None:
    """Also that of a turn of which nothing else was seen."""
    for state in ("done", "stopped", "failed"):
        assert told(turn(state, ASKED_AT + 9)) == [Over(State(state), 9.0)]
