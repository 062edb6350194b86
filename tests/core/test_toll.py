"""What an incident cost is counted, never assumed: what was promised is held against what is there."""

from __future__ import annotations

from typing import Any

from perdure.core.incidents import Toll
from perdure.core.toll import KEPT, WAITED_S, Promised
from perdure.core.traffic import Moment


class Told:
    """What clients were told, one thing a second."""

    def __init__(self) -> None:
        self.promised = Promised()
        self.now = 0

    def _take(self, kind: str, message: str, view: dict[str, Any] | None, upto: int = 0, chat: str = "chat") -> None:
        self.now += 1
        moment = Moment(self.now, float(self.now), kind, chat, f"turn-{message}", message, view, upto)
        self.promised.take(moment)

    def message(self, message: str, text: str = "", parent: str | None = None, chat: str = "chat") -> None:
        self._take("message", message, {"text": text, "parent_id": parent}, chat=chat)

    def delta(self, message: str, upto: int) -> None:
        self._take("delta", message, None, upto)

    def hidden(self, message: str, *, hidden: bool = True) -> None:
        self._take("hidden", message, {"hidden": hidden})

    def attempt(self, message: str, outcome: str, state: str = "queued", chat: str = "chat") -> None:
        attempts = [{"n": 1, "ended_at": "2026-11-26T00:00:00Z", "outcome": outcome}]
        self._take("turn", message, {"state": state, "attempts": attempts}, chat=chat)

    def waits(self, message: str, chat: str = "chat") -> None:
        self._take("turn", message, {"state": "queued", "attempts": []}, chat=chat)

    def runs(self, message: str, chat: str = "chat") -> None:
        attempts = [{"n": 1, "ended_at": None, "outcome": None}]
        self._take("turn", message, {"state": "running", "attempts": attempts}, chat=chat)

    def lost(self, there: dict[str, int]) -> int:
        return self.promised.toll(0.0, float(self.now), there).lost


def test_what_is_there_is_not_lost() -> None:
    told = Told()
    told.message("a", "Hello")
    told.message("b")
    told.delta("b", 12)
    assert told.lost({"a": 5, "b": 12}) == 0
    assert told.lost({"a": 5, "b": 400}) == 0


def test_a_message_that_is_gone_is_lost() -> None:
    told = Told()
    told.message("a", "Hello")
    assert told.lost({}) == 1


def test_a_reply_that_is_shorter_than_it_was_shown_is_lost() -> None:
    told = Told()
    told.message("b")
    told.delta("b", 12)
    assert told.lost({"b": 11}) == 1


def test_what_people_have_deleted_is_not_lost() -> None:
    """Nor is what stood below it; what was brought back counts again."""
    told = Told()
    told.message("a", "Hello")
    told.message("b", "There", parent="a")
    told.hidden("a")
    assert told.lost({}) == 0
    told.hidden("a", hidden=False)
    assert told.lost({}) == 2


def test_the_toll_is_of_the_incidents_own_time() -> None:
    """Turns that had trouble within it, and the chats they are in, each once."""
    told = Told()
    told.attempt("early", "worker_died")
    begun = float(told.now + 1)
    told.attempt("a", "worker_died", chat="one")
    told.attempt("a", "model_cut", chat="one")
    told.attempt("b", "model_cut", "failed", chat="one")
    told.attempt("c", "lease_expired", chat="two")
    told.attempt("d", "done", "done", chat="three")
    ended = float(told.now)
    told.attempt("late", "worker_died")
    assert told.promised.toll(begun, ended, {}) == Toll(turns=3, chats=2, failed=1, lost=0)


def test_it_does_not_remember_for_ever() -> None:
    """The oldest is forgotten first, and with all that was known of it."""
    told = Told()
    for n in range(KEPT + 10):
        told.message(f"m{n}", "x", parent=f"m{n - 1}" if n else None)
    assert set(told.promised.told_since(0.0)) == {f"m{n}" for n in range(10, KEPT + 10)}
    assert len(told.promised.parents) == len(told.promised.shown) == len(told.promised.chats) == KEPT


def test_who_had_to_wait_was_touched() -> None:
    """Whoever still waits, and whoever was begun with at last; not one whose turn came soon."""
    told = Told()
    told.waits("soon", chat="one")
    told.attempt("soon", "done", state="done", chat="one")
    told.waits("late", chat="two")
    told.waits("still", chat="three")
    told.now += int(WAITED_S)
    told.runs("late", chat="two")
    assert told.promised.touched(0.0, float(told.now)) == {"turn-late": "two", "turn-still": "three"}
    assert told.promised.toll(0.0, float(told.now), {}, people=2) == Toll(turns=2, chats=2, people=2)
    before = float(told.now) - WAITED_S / 2
    assert told.promised.touched(before, float(told.now)) == {"turn-late": "two"}
