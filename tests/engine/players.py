"""The parts in the play of `test_any_order`: processes with what they keep in memory, people, and readers."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from perdure.core.errors import (
    describe,
)
from perdure.core.records import Message
from perdure.core.turn import (
    State,
    Turn,
)
from perdure.ports.store import Records

T = TypeVar("T")


class Died(Exception):
    """The process that ran a transaction is no more."""


@dataclass
class Try:
    """What a worker keeps in memory of a turn that it works on: `heard` is said by the backend, not yet committed."""

    turn: Turn
    offset: int
    heard: str = ""


@dataclass
class Played:
    """A worker process."""

    name: str
    life: int
    tries: dict[str, Try] = field(default_factory=dict)
    frozen: bool = False
    dead: bool = False

    @property
    def incarnation(self) -> str:
        return f"life-{self.life}"

    @property
    def owner(self) -> str:
        return f"{self.name}:{self.incarnation}"


@dataclass
class Sent:
    """What a person sent: `acked` is what the server said to it."""

    chat_id: str
    message_id: str
    text: str
    parent_id: str | None
    acked: Message | None = None


@dataclass
class Reader:
    """A client with its own transcript. `place` is the seq of the last event it has seen."""

    place: int = 0
    shown: dict[str, str] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    was_there: bool = True

    def take(self, records: Records, limit: int) -> int:
        """Read on, as the tailer does; returns how many events came."""
        low, last = records.events.bounds()
        assert self.place <= last, "the log lost its end"
        if self.place < low:
            self._snapshot(records, last)
            return 1
        events = records.events.after(self.place, limit)
        for event in events:
            assert event.seq > self.place
            self.place = event.seq
            if event.kind == "delta":
                self._delta(str(event.turn_id), event.offset, event.body)
            elif event.kind == "message":
                body = json.loads(event.body)
                assert body["id"] not in self.messages, "a message was shown twice"
                self.messages[body["id"]] = body
            elif event.kind == "turn":
                self._turn(json.loads(event.body))
        return len(events)

    def _delta(self, turn_id: str, offset: int, text: str) -> None:
        assert text, "an empty delta"
        assert turn_id not in self.ended, "text behind the end"
        assert offset == len(self.shown.get(turn_id, "")), "a gap or a repeat"
        self.shown[turn_id] = self.shown.get(turn_id, "") + text

    def _turn(self, body: dict[str, Any]) -> None:
        assert body["id"] not in self.ended, "something happened to an ended turn"
        assert body["text"] == self.shown.get(body["id"], ""), "a turn tells another text than its deltas did"
        assert body["offset"] == len(body["text"])
        if State(body["state"]).final:
            self.ended[body["id"]] = body

    def _snapshot(self, records: Records, last: int) -> None:
        """Come back after too long a time: what was shown must still be there."""
        self.place = last
        self.was_there = False
        for turn_id, shown in self.shown.items():
            turn = records.turns.get(turn_id)
            assert turn is not None
            now = text_of(records, turn)
            assert now.startswith(shown), "a snapshot took something back"
            self.shown[turn_id] = now
        for message_id in self.messages:
            assert records.messages.get(message_id) is not None
        for chat in records.chats.listed(None, 100):
            for message in records.messages.branch(chat.head_id or "", 1000):
                self.messages.setdefault(message.id, {"id": message.id})
            for turn in records.turns.unfinished(chat.id):
                self.shown[turn.id] = text_of(records, turn)


def text_of(records: Records, turn: Turn) -> str:
    """The reply so far, wherever it is kept."""
    if not turn.state.final:
        return records.turns.text(turn.id)
    message = records.messages.get(turn.message_id)
    assert message is not None
    return message.text


def plain(record: Any) -> Any:
    """A record that can be compared: two errors that say the same are not one object."""
    if record is None:
        return None
    return replace(record, error=None), None if record.error is None else describe(record.error)


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise AssertionError("it waited")
