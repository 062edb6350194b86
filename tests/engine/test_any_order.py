"""Whatever happens, in whatever order, with a crash between any two steps: the promises hold.

A hypothesis state machine over turn, lease and reply. The record is the real SQL in a real file, the steps are the real
use cases; only the processes are played: what a process keeps in memory is lost when it dies, kept when it is frozen,
and a transaction is lost when its process dies before the commit. Readers follow the log as web processes do.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from perdure.core.errors import (
    Conflict,
    ContextTooLong,
    ModelBroken,
    ModelCut,
    ModelError,
    ModelOverloaded,
    ModelStalled,
    ModelUnreachable,
    TurnInProgress,
    describe,
)
from perdure.core.lease import LEASE_S, grant
from perdure.core.records import Append, Message
from perdure.core.turn import (
    MAX_DEATHS,
    MAX_FAILURES,
    PATIENCE_S,
    Claimed,
    Event,
    Finished,
    Interrupted,
    Kind,
    Outcome,
    Released,
    State,
    Turn,
)
from perdure.engine import intake, reaper
from perdure.engine.attempt import end
from perdure.engine.life import apply
from perdure.ports.store import Records
from perdure.store.sqlite import SqlRecords, connect

from .doubles import SETTINGS, START_AT, LocalBell, ToldClock, add_characters, new_database, uid

T = TypeVar("T")

FATES = (*["lives"] * 6, "dies before the commit", "dies after the commit")
ERRORS: tuple[ModelError, ...] = (
    ModelCut(),
    ModelStalled(),
    ModelBroken(),
    ModelUnreachable(),
    ModelOverloaded(retry_after_s=5.0),
    ContextTooLong(),
)
DEATHS = (Outcome.DIED, Outcome.EXPIRED)
MOST_TURNS = 8
MOST_STOPS = 2
MOST_DISASTERS = 3
SAYINGS = ("Naïve 😀 crêpes — and so on, until dawn.", "No.", "日本の夜は長い。\n\nIt was a dark night. 🚀🚀 Gone!")


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
            now = _text(records, turn)
            assert now.startswith(shown), "a snapshot took something back"
            self.shown[turn_id] = now
        for message_id in self.messages:
            assert records.messages.get(message_id) is not None
        for chat in records.chats.listed(None, 100):
            for message in records.messages.branch(chat.head_id or "", 1000):
                self.messages.setdefault(message.id, {"id": message.id})
            for turn in records.turns.unfinished(chat.id):
                self.shown[turn.id] = _text(records, turn)


def _text(records: Records, turn: Turn) -> str:
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


class Conversation(RuleBasedStateMachine):
    """Three chats, three workers, two readers, and fate."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="perdure-any-order-"))
        self.path = new_database(self.folder)
        self.clock = ToldClock()
        self.bell = LocalBell()
        self.fate = "lives"
        self.workers = [Played(f"worker-{n}", 1) for n in (1, 10, 2)]
        self.readers = [Reader(), Reader()]
        self.sent: list[Sent] = []
        self.scripts: dict[str, str] = {}
        self.asked: dict[str, tuple[str, Kind, str]] = {}
        self.stopped: set[str] = set()
        self.forgiven: dict[str, int] = {}
        self.disasters = 0
        self.seen: dict[str, tuple[Turn, str]] = {}
        self.nodes: dict[str, Message] = {}
        self._open()

    # --- the machinery ------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.conn = connect(self.path)
        # Power does not fail here, processes do: what the kernel was given is kept.
        self.conn.exec_driver_sql("PRAGMA synchronous=OFF")
        self.records = SqlRecords.over(self.conn)

    async def write(self, work: Callable[[Records], T], *, durable: bool = True) -> T:
        """The store port, so that use cases that bring their own transaction run here too."""
        fate, self.fate = self.fate, "lives"
        self.conn.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            result = work(self.records)
        except BaseException:
            self.conn.exec_driver_sql("ROLLBACK")
            raise
        if fate == "dies before the commit":
            self.conn.exec_driver_sql("ROLLBACK")
            raise Died
        self.conn.exec_driver_sql("COMMIT")
        if fate == "dies after the commit":
            raise Died
        return result

    async def read(self, work: Callable[[Records], T]) -> T:
        """The store port."""
        return work(self.records)

    async def close(self) -> None:
        """The store port."""
        self.conn.close()

    def run(self, work: Callable[[Records], T], fate: str = "lives") -> T:
        """One transaction."""
        self.fate = fate
        return now(self.write(work))

    def run_as(self, worker: Played, fate: str, work: Callable[[Records], T]) -> T | None:
        """One transaction of a worker; None where it does not survive it."""
        try:
            return self.run(work, fate)
        except Died:
            self._die(worker)
            return None

    def _die(self, worker: Played) -> None:
        worker.dead, worker.frozen = True, False
        worker.tries.clear()

    def _turns(self) -> list[Turn]:
        found = [self.records.turns.get(turn_id) for turn_id in self.scripts]
        return [turn for turn in found if turn is not None]

    def _working(self) -> list[Played]:
        return [worker for worker in self.workers if not worker.dead and not worker.frozen]

    def _tries(self) -> list[tuple[Played, Try]]:
        return [(worker, attempt) for worker in self._working() for attempt in worker.tries.values()]

    def _some_worker(self, data: st.DataObject) -> Played:
        """One that works; where none is left, a new process comes up."""
        if not self._working():
            self._restart(data.draw(st.sampled_from(range(len(self.workers)))), "lives")
        return data.draw(st.sampled_from(self._working()))

    def _some_try(self, data: st.DataObject) -> tuple[Played, Try]:
        """Somebody's attempt; where there is none, somebody claims first."""
        if not self._tries():
            self._claim(self._some_worker(data), "lives", room=2)
        return data.draw(st.sampled_from(self._tries()))

    def _claimable(self) -> bool:
        return bool(self.records.turns.queued(self.clock.at, 1))

    def _busy(self) -> bool:
        return bool(self._tries()) or self._claimable()

    @initialize()
    def begin(self) -> None:
        """Chats in which somebody has said something."""
        ada = self.run(lambda records: add_characters(records, "Ada"))
        self.chats = [uid("chat", n) for n in range(3)]
        for n, chat_id in enumerate(self.chats):
            self.run(lambda r, chat_id=chat_id: intake.put_chat(r, chat_id, ada, None, START_AT))
            self._send(chat_id, SAYINGS[n], None, "lives")

    # --- people -------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.sent) < MOST_TURNS)
    @rule(data=st.data(), saying=st.sampled_from(SAYINGS), fate=st.sampled_from(FATES), edit=st.booleans())
    def send(self, data: st.DataObject, saying: str, fate: str, edit: bool) -> None:
        """A new message at the head, or an edit: a sibling somewhere in the tree."""
        chat_id = data.draw(st.sampled_from(self.chats))
        parents = [known.id for known in self.nodes.values() if known.state.final and known.chat_id == chat_id]
        parent = data.draw(st.sampled_from(parents)) if edit and parents else None
        self._send(chat_id, saying, parent, fate)

    def _send(self, chat_id: str, saying: str, parent: str | None, fate: str) -> None:
        sent = Sent(chat_id, uid("message", len(self.sent)), f"message {len(self.sent)}", parent)
        self.sent.append(sent)
        self.scripts[intake.derived_id(sent.message_id, "turn")] = saying
        self._put(sent, fate)

    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def send_again(self, data: st.DataObject, fate: str) -> None:
        """Promise 7: whoever retries, and however often."""
        self._put(data.draw(st.sampled_from(self.sent)), fate)

    def _put(self, sent: Sent, fate: str) -> None:
        def work(records: Records) -> intake.Accepted:
            return intake.put_message(
                records, sent.chat_id, sent.message_id, sent.text, sent.parent_id, SETTINGS, self.clock.at
            )

        known = self.records.messages.get(sent.message_id)
        try:
            accepted = self.run(work, fate)
        except Died:
            return
        except TurnInProgress:
            assert known is None, "a message that is there was refused"
            assert any(not turn.state.final for turn in self._turns())
            return
        assert accepted.created == (known is None)
        assert accepted.message is not None
        assert accepted.turn is not None
        assert accepted.turn.state is State.QUEUED
        parent = self.records.messages.get(accepted.message.parent_id or "")
        assert parent is None or parent.state.final, "a message behind a reply that is being written"
        if sent.acked is not None:
            assert accepted.message == sent.acked, "a repetition got another answer"
        sent.acked = accepted.message

    @precondition(lambda self: len(self.asked) < 3 and any(n.turn_id and n.state.final for n in self.nodes.values()))
    @rule(data=st.data(), kind=st.sampled_from([Kind.SWIPE, Kind.CONTINUE]), fate=st.sampled_from(FATES))
    def ask_for_more(self, data: st.DataObject, kind: Kind, fate: str) -> None:
        """Another reply beside one, or more behind it."""
        replies = [n for n in self.nodes.values() if n.turn_id and n.state.final and n.parent_id]
        reply = data.draw(st.sampled_from(replies))
        turn_id = uid("turn", len(self.asked))
        self.asked[turn_id] = (reply.chat_id, kind, reply.id if kind is Kind.CONTINUE else str(reply.parent_id))
        self.scripts[turn_id] = (reply.text if kind is Kind.CONTINUE else "") + SAYINGS[len(self.asked) % 3]
        self._ask(turn_id, fate)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def ask_again(self, data: st.DataObject, fate: str) -> None:
        """A repeated request for more is the same request."""
        self._ask(data.draw(st.sampled_from(sorted(self.asked))), fate)

    def _ask(self, turn_id: str, fate: str) -> None:
        chat_id, kind, parent_id = self.asked[turn_id]
        reply = intake.NewReply(turn_id, kind, parent_id, SETTINGS)
        known = self.records.turns.get(turn_id)
        try:
            accepted = self.run(lambda r: intake.put_turn(r, chat_id, reply, self.clock.at), fate)
        except Died:
            return
        except Conflict as error:
            raise AssertionError("a repetition was refused") from error
        assert accepted.created == (known is None)

    @precondition(lambda self: len(self.stopped) < MOST_STOPS)
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def press_stop(self, data: st.DataObject, fate: str) -> None:
        """Races with everything; is final whenever it comes first."""
        turn = data.draw(st.sampled_from(self._turns()))
        if fate != "dies before the commit" and not turn.state.final:
            self.stopped.add(turn.id)
        try:
            after = self.run(lambda records: intake.stop(records, turn.id, self.clock.at), fate)
        except Died:
            return
        assert after.state.final
        assert turn.state.final or after.state is State.STOPPED

    # --- workers ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._claimable())
    @rule(data=st.data(), fate=st.sampled_from(FATES), room=st.integers(1, 3))
    def claim(self, data: st.DataObject, fate: str, room: int) -> None:
        """Take on what waits."""
        self._claim(self._some_worker(data), fate, room)

    def _claim(self, worker: Played, fate: str, room: int) -> None:
        moment = self.clock.at
        event = Claimed(worker.name, "cued", grant(worker.owner, moment))
        taken = self.run_as(
            worker, fate, lambda r: [apply(r, turn, event, moment) for turn in r.turns.queued(moment, room)]
        )
        for turn in taken or ():
            assert turn.not_before <= moment, "claimed before its time"
            worker.tries[turn.id] = Try(turn, turn.progress.offset)

    @precondition(lambda self: self._busy())
    @rule(data=st.data(), count=st.integers(1, 20))
    def hear(self, data: st.DataObject, count: int) -> None:
        """The backend says something. Whatever the worker believes to be there is what it was asked to go on from."""
        _, attempt = self._some_try(data)
        at = attempt.offset + len(attempt.heard)
        attempt.heard += self.scripts[attempt.turn.id][at : at + count]

    @precondition(lambda self: self._busy())
    @rule(data=st.data(), count=st.integers(1, 20))
    def say(self, data: st.DataObject, count: int) -> None:
        """The usual course: heard, committed."""
        worker, attempt = self._some_try(data)
        at = attempt.offset + len(attempt.heard)
        attempt.heard += self.scripts[attempt.turn.id][at : at + count]
        self._commit(worker, "lives")

    @precondition(lambda self: self._busy())
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def commit(self, data: st.DataObject, fate: str) -> None:
        """All streams of a worker in one transaction, of which some may have lost their fence."""
        worker, _ = self._some_try(data)
        self._commit(worker, fate)

    def _commit(self, worker: Played, fate: str) -> None:
        tries = list(worker.tries.values())
        if not tries:
            return
        stale = {attempt.turn.id for attempt in tries if not self._holds(attempt)}
        appends = [
            Append(
                attempt.turn.id,
                attempt.turn.chat_id,
                attempt.turn.message_id,
                attempt.turn.fence,
                attempt.offset,
                attempt.heard,
                len(attempt.heard),
            )
            for attempt in tries
        ]
        refused = self.run_as(worker, fate, lambda records: records.turns.append(appends, self.clock.at))
        if refused is None:
            return
        lost = {append.turn_id for append in refused}
        assert lost == stale, "promise 3: exactly those who lost their fence are refused"
        for attempt in tries:
            if attempt.turn.id in lost:
                del worker.tries[attempt.turn.id]
            else:
                attempt.offset += len(attempt.heard)
                attempt.heard = ""

    def _holds(self, attempt: Try) -> bool:
        turn = self.records.turns.get(attempt.turn.id)
        return turn is not None and turn.fence == attempt.turn.fence

    @precondition(lambda self: self._busy())
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def finish(self, data: st.DataObject, fate: str) -> None:
        """The backend has said all: what was heard is committed, then the turn ends."""
        worker, attempt = self._some_try(data)
        at = attempt.offset + len(attempt.heard)
        attempt.heard += self.scripts[attempt.turn.id][at:]
        self._commit(worker, "lives")
        if attempt.turn.id in worker.tries:
            self._end(worker, attempt, Finished("stop"), fate)

    @precondition(lambda self: self._busy())
    @rule(
        data=st.data(),
        error=st.sampled_from(ERRORS),
        jitter=st.floats(0, 0.99),
        fate=st.sampled_from(FATES),
        keep=st.booleans(),
    )
    def fail(self, data: st.DataObject, error: ModelError, jitter: float, fate: str, keep: bool) -> None:
        """The backend, or the way to it, fails in one of its ways."""
        worker, attempt = self._some_try(data)
        if keep:
            self._commit(worker, "lives")
        if attempt.turn.id in worker.tries:
            self._end(worker, attempt, Interrupted(error, jitter), fate)

    @precondition(lambda self: self._busy())
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def release(self, data: st.DataObject, fate: str) -> None:
        """A worker gives a turn back in good order."""
        worker, attempt = self._some_try(data)
        self._end(worker, attempt, Released(), fate)

    def _end(self, worker: Played, attempt: Try, event: Event, fate: str) -> None:
        before = self.records.turns.get(attempt.turn.id)
        held = self._holds(attempt)
        self.fate = fate
        try:
            now(end(self, self.bell, self.clock, attempt.turn, event))
            del worker.tries[attempt.turn.id]
        except Died:
            self._die(worker)
        if not held:
            assert plain(self.records.turns.get(attempt.turn.id)) == plain(before), "a zombie changed something"

    @precondition(lambda self: any(turn.state is State.RUNNING for turn in self._turns()))
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def beat(self, data: st.DataObject, fate: str) -> None:
        """Renew what is held, reap what others left."""
        worker = self._some_worker(data)
        until = self.clock.at + LEASE_S
        if self.run_as(worker, fate, lambda records: records.turns.renew(worker.owner, until)) is None:
            return
        if reaper.overdue(self.records, self.clock.at):
            self.run_as(worker, fate, lambda records: reaper.reap(records, self.clock.at))
            assert worker.dead or not self.records.turns.expired(self.clock.at)

    @precondition(lambda self: self._tries())
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        """SIGKILL, wherever it is, frozen or not."""
        self._die(data.draw(st.sampled_from([worker for worker in self.workers if worker.tries or worker.frozen])))

    @precondition(lambda self: any(worker.dead for worker in self.workers))
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def bury(self, data: st.DataObject, fate: str) -> None:
        """Somebody hears of a death."""
        dead = data.draw(st.sampled_from([worker for worker in self.workers if worker.dead]))
        digger = self._some_worker(data)
        self.run_as(digger, fate, lambda records: reaper.bury(records, dead.owner, self.clock.at))

    @precondition(lambda self: any(worker.dead for worker in self.workers))
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def restart(self, data: st.DataObject, fate: str) -> None:
        """A new process takes a dead one's name, and frees what the name held."""
        self._restart(data.draw(st.sampled_from([n for n, worker in enumerate(self.workers) if worker.dead])), fate)

    def _restart(self, place: int, fate: str) -> None:
        old = self.workers[place]
        new = self.workers[place] = Played(old.name, old.life + 1)
        self.run_as(new, fate, lambda r: reaper.bury_predecessors(r, new.name, new.incarnation, self.clock.at))

    @precondition(lambda self: self._tries())
    @rule(data=st.data())
    def freeze(self, data: st.DataObject) -> None:
        """SIGSTOP in the middle of a reply."""
        worker, _ = self._some_try(data)
        worker.frozen = True

    @precondition(lambda self: self._tries())
    @rule(data=st.data())
    def lose_the_lease(self, data: st.DataObject) -> None:
        """Frozen for so long that somebody else takes over."""
        worker, _ = self._some_try(data)
        worker.frozen = True
        self.clock.at += LEASE_S
        other = self._some_worker(data)
        self.run(lambda records: reaper.reap(records, self.clock.at))
        self._claim(other, "lives", room=3)

    @precondition(lambda self: any(worker.frozen for worker in self.workers))
    @rule(data=st.data(), at_once=st.booleans())
    def thaw(self, data: st.DataObject, at_once: bool) -> None:
        """SIGCONT: it goes on where it was, believing what it believed, perhaps with a mouth full of text."""
        worker = data.draw(st.sampled_from([worker for worker in self.workers if worker.frozen]))
        worker.frozen = False
        for attempt in worker.tries.values():
            attempt.heard += self.scripts[attempt.turn.id][attempt.offset + len(attempt.heard) :][:3]
        if at_once:
            self._commit(worker, "lives")

    @precondition(lambda self: self.disasters < MOST_DISASTERS)
    @rule()
    def everything_dies(self) -> None:
        """A crash of the machine's whole population; the file is all that is left."""
        self.disasters += 1
        self._everything_dies()

    def _everything_dies(self) -> None:
        for worker in self.workers:
            self._die(worker)
        self.conn.close()
        self._open()

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, LEASE_S, 5.0, 40.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.at += seconds

    @precondition(lambda self: self.disasters < MOST_DISASTERS)
    @rule()
    def wait_long(self) -> None:
        """More time than anybody has."""
        self.disasters += 1
        self.clock.at += PATIENCE_S + 1

    @precondition(lambda self: self.disasters < MOST_DISASTERS)
    @rule()
    def tidy(self) -> None:
        """A day later, old events are forgotten; half-spoken replies are not."""
        self.disasters += 1
        self.clock.at += reaper.KEEP_EVENTS_S
        self.run(lambda records: reaper.tidy(records, self.clock.at - 1))

    # --- readers ------------------------------------------------------------------------------------------------

    @rule(data=st.data(), limit=st.integers(1, 8))
    def read_on(self, data: st.DataObject, limit: int) -> None:
        """A reader catches up by some events; readers are at different places."""
        data.draw(st.sampled_from(self.readers)).take(self.records, limit)

    # --- the promises -------------------------------------------------------------------------------------------

    @invariant()
    def accepted_once(self) -> None:
        """Promises 1 and 7: what was accepted is there, once, as it was sent."""
        for sent in self.sent:
            stored = self.records.messages.get(sent.message_id)
            if sent.acked is not None:
                assert stored == sent.acked

    @invariant()
    def nothing_is_overwritten(self) -> None:
        """Promise 6: a node of the tree keeps its place, and its text once it has ended."""
        for node_id, known in self.nodes.items():
            node = self.records.messages.get(node_id)
            assert node is not None, "a node is gone"
            if known.state.final:
                assert plain(node) == plain(known)
            assert (node.parent_id, node.author, node.role) == (known.parent_id, known.author, known.role)
        ids = [sent.message_id for sent in self.sent] + [turn.message_id for turn in self._turns()]
        for node_id in ids:
            node = self.records.messages.get(node_id)
            if node is not None:
                self.nodes[node_id] = node

    @invariant()
    def turns_only_go_forward(self) -> None:
        """Promises 2 to 5, seen in the record."""
        for turn in self._turns():
            text = _text(self.records, turn)
            assert turn.progress.offset == len(text), "promise 4: the offset is the length of the text"
            assert self.scripts[turn.id].startswith(text), "the reply is not what the backend said"
            assert turn.state is not State.DONE or text == self.scripts[turn.id]
            assert (turn.lease is not None) == (turn.state is State.RUNNING)
            self._check_attempts(turn)
            self._check_writers(turn)
            node = self.records.messages.get(turn.message_id)
            assert node is not None
            assert node.state is turn.state
            if turn.id in self.seen:
                before, shown = self.seen[turn.id]
                assert text.startswith(shown), "promise 2: something was taken back"
                if text != shown:
                    self.forgiven[turn.id] = turn.attempt
                assert turn.fence >= before.fence, "promise 3: the fence only grows"
                if turn.fence == before.fence:
                    assert (turn.state, turn.attempt) == (before.state, before.attempt)
                if before.state.final:
                    assert (plain(turn), text) == (plain(before), shown), "promise 5: an end is an end"
            if turn.id in self.stopped:
                assert turn.state is State.STOPPED, "a stop was undone"
            self.seen[turn.id] = (turn, text)

    def _check_attempts(self, turn: Turn) -> None:
        attempts = self.records.turns.attempts(turn.id)
        assert [attempt.n for attempt in attempts] == list(range(1, turn.attempt + 1))
        still_open = [attempt.n for attempt in attempts if attempt.outcome is None]
        assert still_open == ([turn.attempt] if turn.state is State.RUNNING else [])
        deaths = sum(a.outcome in DEATHS for a in attempts if a.n >= self.forgiven.get(turn.id, 0))
        assert turn.state.final or deaths < MAX_DEATHS, "a turn that kills its workers goes on killing"
        if turn.state is not State.FAILED:
            return
        error = turn.error
        assert error is not None
        assert turn.ended_at is not None
        last = [attempt.outcome for attempt in attempts[-MAX_DEATHS:]]
        if error.code == "turn_set_aside":
            assert sum(a.outcome in DEATHS for a in attempts) >= MAX_DEATHS
            assert last[-1] in DEATHS
        else:
            waited = turn.ended_at - turn.progressed_at > PATIENCE_S
            assert waited or not error.retry or turn.failures >= MAX_FAILURES

    def _check_writers(self, turn: Turn) -> None:
        writers = [
            worker.owner
            for worker in self.workers
            for attempt in worker.tries.values()
            if attempt.turn.id == turn.id and attempt.turn.fence == turn.fence and turn.state is State.RUNNING
        ]
        assert len(writers) <= 1, "promise 3: two could write"
        assert turn.lease is None or not writers or turn.lease.owner == writers[0]

    @invariant()
    def shown_is_durable(self) -> None:
        """Promise 2: whatever any reader has seen is in the record, from the first character on."""
        for reader in self.readers:
            for turn_id, shown in reader.shown.items():
                turn = self.records.turns.get(turn_id)
                assert turn is not None
                assert _text(self.records, turn).startswith(shown)

    def teardown(self) -> None:
        """Promise 5: from wherever things stand, one healthy worker brings every turn to its end."""
        try:
            if hasattr(self, "chats"):
                self._end_well()
        finally:
            self.conn.close()
            shutil.rmtree(self.folder)

    def _end_well(self) -> None:
        self._everything_dies()
        for _ in range(20):
            if all(turn.state.final for turn in self._turns()):
                break
            self.clock.at += 6.0
            self.run(lambda records: reaper.reap(records, self.clock.at))
            healthy = Played("worker-9", 1)
            self.workers = [healthy]
            claimed = Claimed(healthy.name, "cued", grant(healthy.owner, self.clock.at))
            waiting = self.records.turns.queued(self.clock.at, 100)
            for turn in self.run(lambda r: [apply(r, one, claimed, self.clock.at) for one in waiting]):
                attempt = healthy.tries[turn.id] = Try(turn, turn.progress.offset)
                attempt.heard = self.scripts[turn.id][attempt.offset :]
            self._commit(healthy, "lives")
            for attempt in list(healthy.tries.values()):
                self._end(healthy, attempt, Finished("stop"), "lives")
            self.turns_only_go_forward()
        assert all(turn.state.final for turn in self._turns()), "a turn that nobody can end"
        self.accepted_once()
        self.nothing_is_overwritten()
        for reader in (*self.readers, Reader()):
            while reader.take(self.records, 500):
                pass
            self._check_transcript(reader)

    def _check_transcript(self, reader: Reader) -> None:
        for sent in self.sent:
            assert sent.acked is None or sent.message_id in reader.messages or not reader.was_there
        for turn in self._turns():
            text = _text(self.records, turn)
            assert turn.id in reader.ended or not reader.was_there
            if turn.id in reader.ended:
                assert reader.ended[turn.id]["text"] == text
                assert reader.ended[turn.id]["state"] == turn.state
            if turn.id in reader.shown:
                assert reader.shown[turn.id] == text


TestConversation = Conversation.TestCase
TestConversation.settings = settings(
    max_examples=80,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
