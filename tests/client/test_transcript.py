"""A transcript takes what fits and records everything that breaks a promise."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from perdure.client.follow import Back, Event, Lost
from perdure.client.transcript import Fault, Transcript
from perdure.core.errors import ConnectionCut

CHAT, REPLY, TURN = "chat", "reply", "turn"


class Server:
    """Says what a server would: events with growing seqs."""

    def __init__(self) -> None:
        self._seq = count(1)
        self.transcript = Transcript(CHAT)
        self.see("message", message("asked", text="hi", state="done", turn_id=None))
        self.see("message", message(REPLY))
        self.see("turn", turn("queued", ""))

    def see(self, kind: str, data: dict[str, Any], seq: int | None = None) -> str:
        return self.transcript.see(Event(next(self._seq) if seq is None else seq, kind, data))

    def delta(self, offset: int, text: str, seq: int | None = None) -> str:
        data = {"turn_id": TURN, "message_id": REPLY, "offset": offset, "text": text}
        return self.see("delta", data, seq)

    def snapshot(self, text: str, *, state: str = "running", whole: bool = True) -> None:
        """What the server sends after a long absence: all under one seq, but for the head, which ends it."""
        seq = next(self._seq)
        self.see("message", told_again(message("asked", text="hi", state="done", turn_id=None)), seq)
        final = state == "done"
        self.see("message", told_again(message(REPLY, text=text if final else "", state=state)), seq)
        if not final:
            self.see("turn", turn(state, text), seq)
            self.delta(0, text, seq)
        if whole:
            self.see("head", {"head_id": REPLY})

    def faults(self) -> list[Fault]:
        return [breach.fault for breach in self.transcript.breaches]

    @property
    def text(self) -> str:
        return self.transcript.messages[REPLY].text


def message(message_id: str, text: str = "", state: str = "queued", turn_id: str | None = TURN) -> dict[str, Any]:
    role = "user" if turn_id is None else "character"
    return {
        "id": message_id, "chat_id": CHAT, "parent_id": None, "role": role, "text": text, "state": state,
        "turn_id": turn_id, "siblings": None,
    }  # fmt: skip


def told_again(data: dict[str, Any]) -> dict[str, Any]:
    """As in a snapshot, which knows the siblings. The log leaves them out."""
    return {**data, "siblings": [data["id"]]}


def turn(state: str, text: str) -> dict[str, Any]:
    return {"id": TURN, "message_id": REPLY, "state": state, "text": text, "attempts": []}


@pytest.fixture
def server() -> Server:
    return Server()


def test_a_reply_is_the_sum_of_its_deltas(server: Server) -> None:
    """And what is new is handed out once, for whoever shows it."""
    shown = server.delta(0, "one ") + server.delta(4, "two")
    server.see("turn", turn("done", "one two"))
    assert shown == server.text == "one two"
    assert server.faults() == []


def test_a_broken_connection_is_no_breach(server: Server) -> None:
    """Behind it, the next event is the one behind the last."""
    server.delta(0, "one ")
    server.transcript.see(Lost(ConnectionCut()))
    server.transcript.see(Back())
    server.delta(4, "two")
    assert (server.text, server.faults()) == ("one two", [])


@pytest.mark.parametrize(
    ("offset", "text", "fault"),
    [
        (5, "wo", Fault.GAP),
        (3, " two", Fault.REPEATED),
        (0, "one ", Fault.REPEATED),
        (0, "One ", Fault.TAKEN_BACK),
        (3, "!two", Fault.TAKEN_BACK),
    ],
)
def test_offsets_only_grow(server: Server, offset: int, text: str, fault: Fault) -> None:
    """Promise 4: a delta begins exactly where the text ends; anything else is one breach, and the merge goes on."""
    server.delta(0, "one ")
    server.delta(offset, text)
    assert server.faults() == [fault]
    assert len(server.text) == max(4, offset + len(text))


@pytest.mark.parametrize(
    ("text", "fault"), [("one two", Fault.GAP), ("on", Fault.TAKEN_BACK), ("two ", Fault.TAKEN_BACK)]
)
def test_the_final_text_is_the_one_that_was_shown(server: Server, text: str, fault: Fault) -> None:
    """Promise 2: what a person has read is what stands on record."""
    server.delta(0, "one ")
    server.see("turn", turn("done", text))
    assert server.faults() == [fault]


def test_an_attempt_begins_where_the_text_ends(server: Server) -> None:
    """A takeover that tells of less text than was shown has taken some back."""
    server.delta(0, "one ")
    server.see("turn", turn("queued", "on"))
    assert server.faults() == [Fault.TAKEN_BACK]


def test_nothing_follows_the_end(server: Server) -> None:
    """Promise 3: whoever writes behind the end has no lease."""
    server.delta(0, "one")
    server.see("turn", turn("done", "one"))
    server.delta(3, " two")
    server.see("turn", turn("running", "one"))
    assert server.faults() == [Fault.AFTER_END, Fault.AFTER_END]
    assert server.text == "one"


@pytest.mark.parametrize("again", [1, 3])
def test_an_event_comes_once(server: Server, again: int) -> None:
    """A replay that begins a place too early repeats itself; seqs show it even where texts do not."""
    server.see("head", {"head_id": REPLY}, again)
    assert server.faults() == [Fault.REPEATED]


def test_a_snapshot_repeats_by_right(server: Server) -> None:
    """Somebody who was away for too long is told everything again, and more: no breach, and only the rest is new."""
    server.delta(0, "one ")
    server.snapshot("one two ")
    assert server.delta(8, "three") == "three"
    assert (server.text, server.faults()) == ("one two three", [])


def test_a_snapshot_may_tell_of_the_end(server: Server) -> None:
    """The reply ended while nobody read."""
    server.delta(0, "one ")
    server.snapshot("one two", state="done")
    assert (server.text, server.faults()) == ("one two", [])


@pytest.mark.parametrize("state", ["running", "done"])
def test_a_snapshot_takes_nothing_back(server: Server, state: str) -> None:
    """What was shown has to be the beginning of what is told now."""
    server.delta(0, "one ")
    server.snapshot("eno ", state=state)
    assert set(server.faults()) == {Fault.TAKEN_BACK}


def test_a_snapshot_that_is_cut_comes_again(server: Server) -> None:
    """Its events share a seq from which there is no replay: who comes back with it gets all of it, not the rest."""
    server.delta(0, "one ")
    server.snapshot("one two ", whole=False)
    server.transcript.see(Lost(ConnectionCut()))
    server.transcript.see(Back())
    server.snapshot("one two three ")
    assert server.delta(14, "four") == "four"
    assert (server.text, server.faults()) == ("one two three four", [])


def test_behind_its_head_a_snapshot_is_over(server: Server) -> None:
    """What is told twice from there on is a breach again."""
    server.snapshot("one ")
    server.delta(0, "one ")
    assert server.faults() == [Fault.REPEATED]


def test_a_snapshot_may_tell_of_a_reply_on_another_branch(server: Server) -> None:
    """It is still being written, and its message is not on the branch that is shown."""
    server.snapshot("one ", whole=False)
    data = {"turn_id": "other", "message_id": "aside", "offset": 0, "text": "boo"}
    seq = server.transcript.seq
    server.see("turn", {**turn("running", "boo"), "id": "other", "message_id": "aside"}, seq)
    server.see("delta", data, seq)
    assert server.faults() == []


def test_a_first_snapshot_is_over_with_its_head() -> None:
    """Also for somebody who has seen nothing before."""
    transcript = Transcript(CHAT)
    for seq, kind, data in (
        (0, "message", told_again(message("asked", text="hi", state="done", turn_id=None))),
        (0, "message", told_again(message(REPLY))),
        (0, "turn", turn("running", "one ")),
        (0, "delta", {"turn_id": TURN, "message_id": REPLY, "offset": 0, "text": "one "}),
        (7, "head", {"head_id": REPLY}),
        (7, "head", {"head_id": REPLY}),
    ):
        transcript.see(Event(seq, kind, data))
    assert [breach.fault for breach in transcript.breaches] == [Fault.REPEATED]


def test_what_was_deleted_is_marked_and_can_come_back(server: Server) -> None:
    """Hidden is not lost; a deletion on a branch that was never shown says nothing here."""
    for hidden in (True, False, True):
        server.see("hidden", {"message_id": REPLY, "hidden": hidden})
        assert server.transcript.messages[REPLY].hidden == hidden
    server.see("hidden", {"message_id": "elsewhere", "hidden": True})
    assert server.faults() == []


def test_a_place_that_the_server_has_forgotten_is_a_breach(server: Server) -> None:
    """Shown means durable: an event that was sent has an id that is known for ever after (or is too old to replay)."""
    server.delta(0, "one ")
    server.transcript.see(Back(snapshot=True))
    assert server.faults() == [Fault.FORGOTTEN]


def test_text_of_an_unknown_message_is_a_breach(server: Server) -> None:
    """A delta whose message was never told of: that event is lost. It is recorded once."""
    data = {"turn_id": "other", "message_id": "nobody", "offset": 0, "text": "boo"}
    server.see("delta", data)
    server.see("delta", {**data, "offset": 3})
    assert server.faults() == [Fault.LOST]


def test_code_points_are_counted(server: Server) -> None:
    """Offsets are neither bytes nor UTF-16 units."""
    server.delta(0, "🜂é")
    server.delta(2, "x")
    assert (server.text, server.faults()) == ("🜂éx", [])
