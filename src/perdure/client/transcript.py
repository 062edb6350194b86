"""What a person has been shown of a chat, and every breach of the promises in it. Pure: events in, texts out.

Strict where a page would be kind: a delta has to begin exactly where the text ends (promise 4), a text that was shown
has to stay (promise 2), and nothing follows the end of a turn (promise 3). A breach is recorded, not raised, and the
merge goes on with what the server said, so that one fault is one breach.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, assert_never

from perdure.client.follow import Back, Event, Followed, Lost
from perdure.client.shapes import FINAL

SHORT_CHARS = 40
"""How much of a text a breach quotes."""


class Fault(StrEnum):
    """What can be wrong with what was shown."""

    GAP = "gap"
    """Characters are missing before what came."""
    REPEATED = "repeated"
    """Characters, or an event, came again."""
    TAKEN_BACK = "taken_back"
    """What was shown is not what stands now."""
    AFTER_END = "after_end"
    """A turn went on behind its end: somebody wrote without a lease."""
    LOST = "lost"
    """A message is not there."""
    DUPLICATED = "duplicated"
    """A message is there more than once."""
    FORGOTTEN = "forgotten"
    """The server did not know the id of an event that it had sent."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken promise, with what was seen."""

    fault: Fault
    chat_id: str
    message_id: str | None
    seq: int | None
    detail: str


@dataclass(slots=True)
class Entry:
    """A message as it was shown. `state` is its turn's for a reply, and `done` for all others."""

    id: str
    role: str
    parent_id: str | None
    turn_id: str | None
    text: str
    state: str
    hidden: bool = False
    """Whether it was deleted, and not brought back."""


@dataclass(slots=True)
class Transcript:
    """One chat, as its event stream told it. `messages` is in the order in which they were first seen."""

    chat_id: str
    messages: dict[str, Entry] = field(default_factory=dict)
    turns: dict[str, dict[str, Any]] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    head_id: str | None = None
    seq: int | None = None
    _snapshot: bool = False
    """Whether events may tell again what is known: from a snapshot's first event to its head, which is the last. They
    share their seq, but for the head, which has that of the log."""

    def see(self, followed: Followed) -> str:
        """Merge the next thing that `follow` gave. Returns the characters that are new: a delta's, without repeats."""
        match followed:
            case Lost():
                return ""
            case Back(snapshot):
                if snapshot:
                    self._breach(Fault.FORGOTTEN, None, f"the place {self.seq} is unknown to the server")
                    self.seq = None
                return ""
            case Event():
                return self._event(followed)
            case _:
                assert_never(followed)

    def _event(self, event: Event) -> str:
        data = event.data
        self._place(event)
        self.seq = event.seq
        match event.kind:
            case "message":
                self._message(data)
            case "turn":
                self._turn(data)
            case "delta":
                return self._delta(data)
            case "head":
                self.head_id = data["head_id"]
                self._snapshot = False
            case "hidden":
                self._hidden(data)
            case _:  # a kind that a later version has
                pass
        return ""

    def _place(self, event: Event) -> None:
        """Seqs grow, except within a snapshot."""
        if event.kind == "message" and event.data.get("siblings") is not None:
            # The log leaves them out: a snapshot begins, since our place was too long ago, or the last one was cut.
            self._snapshot = True
        if self.seq is None or event.seq > self.seq or (event.seq == self.seq and self._snapshot):
            return
        detail = f"event {event.seq} ({event.kind}) after event {self.seq}"
        self._breach(Fault.REPEATED, event.data.get("message_id"), detail)

    def _message(self, data: dict[str, Any]) -> None:
        entry = self.messages.get(data["id"])
        if entry is None:
            self.messages[data["id"]] = Entry(
                data["id"], data["role"], data["parent_id"], data["turn_id"], data["text"], data["state"]
            )
        elif data["state"] in FINAL:
            self._settle(entry, data["text"], data["state"])

    def _hidden(self, data: dict[str, Any]) -> None:
        entry = self.messages.get(data["message_id"])
        # What is on a branch that was never shown here may be deleted there.
        if entry is not None:
            entry.hidden = data["hidden"]

    def _turn(self, data: dict[str, Any]) -> None:
        self.turns[data["id"]] = data
        entry = self._entry(data["message_id"], data)
        if data["state"] in FINAL:
            self._settle(entry, data["text"], data["state"])
            return
        if entry.state in FINAL:
            self._breach(Fault.AFTER_END, entry.id, f"{data['state']} after {entry.state}")
            return
        entry.state = data["state"]
        # A snapshot's turn is told before its delta, and may know more than we were shown.
        told = data["text"][: len(entry.text)] if self._snapshot else data["text"]
        self._compare(entry, told)

    def _delta(self, data: dict[str, Any]) -> str:
        entry = self._entry(data["message_id"], data)
        offset, text = data["offset"], data["text"]
        have = len(entry.text)
        if entry.state in FINAL and not self._snapshot:
            self._breach(Fault.AFTER_END, entry.id, f"{_short(text)} at {offset} after {entry.state}")
            return ""
        if offset > have:
            self._breach(Fault.GAP, entry.id, f"text for {offset} when {have} characters were there")
            entry.text += "\N{REPLACEMENT CHARACTER}" * (offset - have)
        elif offset < have:
            again, text = text[: have - offset], text[have - offset :]
            if not entry.text.startswith(again, offset):
                shown = entry.text[offset : offset + len(again)]
                self._breach(Fault.TAKEN_BACK, entry.id, f"{_short(again)} at {offset} where {_short(shown)} was shown")
            elif not self._snapshot:
                self._breach(Fault.REPEATED, entry.id, f"{_short(again)} again at {offset}")
        entry.text += text
        return str(text)

    def _settle(self, entry: Entry, text: str, state: str) -> None:
        """The end of a reply, or a message that a snapshot tells again."""
        if entry.state in FINAL and entry.state != state:
            self._breach(Fault.AFTER_END, entry.id, f"{state} after {entry.state}")
        known = len(entry.text) if self._snapshot and entry.state not in FINAL else None
        self._compare(entry, text[:known])
        entry.text, entry.state = text, state

    def _compare(self, entry: Entry, told: str) -> None:
        if told == entry.text:
            return
        if told.startswith(entry.text):
            missing = told[len(entry.text) :]
            self._breach(Fault.GAP, entry.id, f"{_short(missing)} at {len(entry.text)} was never shown")
        else:
            both = zip(told, entry.text, strict=False)
            agreed = next((n for n, (a, b) in enumerate(both) if a != b), len(told))
            now, shown = _short(told[agreed:]), _short(entry.text[agreed:])
            self._breach(Fault.TAKEN_BACK, entry.id, f"{now} at {agreed} where {shown} was shown")
        entry.text = told

    def _entry(self, message_id: str, data: dict[str, Any]) -> Entry:
        """The reply that an event speaks of. One that was never told of has lost its message event."""
        entry = self.messages.get(message_id)
        if entry is None:
            # A snapshot tells of all turns that go on, and of the messages of one branch only.
            if not self._snapshot:
                self._breach(Fault.LOST, message_id, "an event speaks of a message that was never shown")
            turn_id = data.get("turn_id") or data["id"]
            entry = Entry(message_id, "character", data.get("parent_id"), turn_id, "", "queued")
            self.messages[message_id] = entry
        return entry

    def _breach(self, fault: Fault, message_id: str | None, detail: str) -> None:
        self.breaches.append(Breach(fault, self.chat_id, message_id, self.seq, detail))


def _short(text: str) -> str:
    return repr(text if len(text) <= SHORT_CHARS else text[:SHORT_CHARS] + "…")
