"""Where `test_any_order` plays: the real SQL in a real file, the real use cases, and the promises as invariants.

Only the processes are played. What one keeps in memory is lost when it dies and kept when it is frozen, and a
transaction is lost when its process dies before the commit.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from hypothesis.stateful import RuleBasedStateMachine, invariant

from perdure.core.lease import grant
from perdure.core.records import Append, Message
from perdure.core.turn import (
    MAX_DEATHS,
    MAX_FAILURES,
    PATIENCE_S,
    Claimed,
    Event,
    Finished,
    Kind,
    Outcome,
    State,
    Turn,
)
from perdure.engine import reaper
from perdure.engine.attempt import end
from perdure.engine.life import apply
from perdure.ports.bell import Hint
from perdure.ports.store import Records
from perdure.store.database import Database
from perdure.store.file import SqlRecords, connect
from tests.records import empty_record

from .doubles import ToldClock
from .players import Died, Played, Reader, Sent, Try, now, plain, text_of

T = TypeVar("T")

DEATHS = (Outcome.DIED, Outcome.EXPIRED)


class Stage(RuleBasedStateMachine):
    """The record, the processes over it, and the promises that hold after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="perdure-any-order-"))
        self.path = empty_record(self.folder)
        self.clock = ToldClock()
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

    def _open(self) -> None:
        self.conn = connect(self.path)
        # Power does not fail here, processes do: what the kernel was given is kept.
        self.conn.execute("PRAGMA synchronous=OFF")
        self.records = SqlRecords.over(Database(self.conn))

    async def write(
        self, work: Callable[[Records], T], *, durable: bool = True, brief: bool = False, hints: Collection[Hint] = ()
    ) -> T:
        """The store port, so that use cases that bring their own transaction run here too."""
        fate, self.fate = self.fate, "lives"
        self.conn.execute("BEGIN IMMEDIATE")
        try:
            result = work(self.records)
        except BaseException:
            self.conn.execute("ROLLBACK")
            raise
        if fate == "dies before the commit":
            self.conn.execute("ROLLBACK")
            raise Died
        self.conn.execute("COMMIT")
        if fate == "dies after the commit":
            raise Died
        return result

    async def read(self, work: Callable[[Records], T], *, brief: bool = False) -> T:
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

    def _turns(self) -> list[Turn]:
        found = [self.records.turns.get(turn_id) for turn_id in self.scripts]
        return [turn for turn in found if turn is not None]

    def _working(self) -> list[Played]:
        return [worker for worker in self.workers if not worker.dead and not worker.frozen]

    def _tries(self) -> list[tuple[Played, Try]]:
        return [(worker, attempt) for worker in self._working() for attempt in worker.tries.values()]

    def _claimable(self) -> bool:
        return bool(self.records.turns.queued(self.clock.at, 1))

    def _busy(self) -> bool:
        return bool(self._tries()) or self._claimable()

    # --- what processes do ------------------------------------------------------------------------------------

    def _die(self, worker: Played) -> None:
        worker.dead, worker.frozen = True, False
        worker.tries.clear()

    def _everything_dies(self) -> None:
        for worker in self.workers:
            self._die(worker)
        self.conn.close()
        self._open()

    def _restart(self, place: int, fate: str) -> None:
        old = self.workers[place]
        new = self.workers[place] = Played(old.name, old.life + 1)
        self.run_as(new, fate, lambda r: reaper.bury_predecessors(r, new.name, new.incarnation, self.clock.at))

    def _claim(self, worker: Played, fate: str, room: int) -> None:
        moment = self.clock.at
        event = Claimed(worker.name, "cued", grant(worker.owner, moment))
        taken = self.run_as(
            worker, fate, lambda r: [apply(r, turn, event, moment) for turn in r.turns.queued(moment, room)]
        )
        for turn in taken or ():
            assert turn.not_before <= moment, "claimed before its time"
            worker.tries[turn.id] = Try(turn, turn.progress.offset)

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

    def _end(self, worker: Played, attempt: Try, event: Event, fate: str) -> None:
        before = self.records.turns.get(attempt.turn.id)
        held = self._holds(attempt)
        self.fate = fate
        try:
            now(end(self, self.clock, attempt.turn, event))
            del worker.tries[attempt.turn.id]
        except Died:
            self._die(worker)
        if not held:
            assert plain(self.records.turns.get(attempt.turn.id)) == plain(before), "a zombie changed something"

    # --- the promises -----------------------------------------------------------------------------------------

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
            text = text_of(self.records, turn)
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
                assert text_of(self.records, turn).startswith(shown)

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
            text = text_of(self.records, turn)
            assert turn.id in reader.ended or not reader.was_there
            if turn.id in reader.ended:
                assert reader.ended[turn.id]["text"] == text
                assert reader.ended[turn.id]["state"] == turn.state
            if turn.id in reader.shown:
                assert reader.shown[turn.id] == text
