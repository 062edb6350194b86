"""Whatever happens, in whatever order, with a crash between any two steps: the promises hold.

A hypothesis state machine over turn, lease and reply: these are the things that can happen. `stage` has the promises,
which are checked after every step, and brings every turn to its end when the play is over.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

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
)
from perdure.core.lease import LEASE_S
from perdure.core.turn import (
    PATIENCE_S,
    Finished,
    Interrupted,
    Kind,
    Released,
    State,
)
from perdure.engine import intake, reaper
from perdure.engine.identity import derived_id
from perdure.ports.store import Records

from .doubles import SETTINGS, START_AT, add_characters, uid
from .players import Died, Played, Sent, Try
from .stage import Stage

FATES = (*["lives"] * 6, "dies before the commit", "dies after the commit")
ERRORS: tuple[ModelError, ...] = (
    ModelCut(),
    ModelStalled(),
    ModelBroken(),
    ModelUnreachable(),
    ModelOverloaded(retry_after_s=5.0),
    ContextTooLong(),
)
MOST_TURNS = 12
MOST_STOPS = 2
MOST_DISASTERS = 3
SAYINGS = ("Naïve 😀 crêpes — and so on, until dawn.", "No.", "日本の夜は長い。\n\nIt was a dark night. 🚀🚀 Gone!")


class Conversation(Stage):
    """Three chats, three workers, two readers, and fate."""

    @initialize()
    def begin(self) -> None:
        """Chats in which somebody has said something."""
        ada = self.run(lambda records: add_characters(records, "Ada"))
        self.chats = [uid("chat", n) for n in range(3)]
        for n, chat_id in enumerate(self.chats):
            self.run(lambda r, chat_id=chat_id: intake.put_chat(r, chat_id, ada, None, START_AT))
            self._send(chat_id, SAYINGS[n], None, "lives")

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

    # --- people -----------------------------------------------------------------------------------------------

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
        self.scripts[derived_id(sent.message_id, "turn")] = saying
        self._put(sent, fate)

    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def send_again(self, data: st.DataObject, fate: str) -> None:
        """Promise 7: whoever retries, and however often."""
        requests: list[Sent | str] = [*self.sent, *self.asked]
        request = data.draw(st.sampled_from(requests))
        if isinstance(request, Sent):
            self._put(request, fate)
        else:
            self._ask(request, fate)

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

    @rule(data=st.data(), limit=st.integers(1, 8))
    def read_on(self, data: st.DataObject, limit: int) -> None:
        """A reader catches up by some events; readers are at different places."""
        data.draw(st.sampled_from(self.readers)).take(self.records, limit)

    # --- workers ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self._claimable())
    @rule(data=st.data(), fate=st.sampled_from(FATES), room=st.integers(1, 3))
    def claim(self, data: st.DataObject, fate: str, room: int) -> None:
        """Take on what waits."""
        self._claim(self._some_worker(data), fate, room)

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

    # --- trouble ----------------------------------------------------------------------------------------------

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

    @precondition(lambda self: self._busy())
    @rule(data=st.data())
    def freeze(self, data: st.DataObject) -> None:
        """SIGSTOP in the middle of a reply."""
        worker, _ = self._some_try(data)
        worker.frozen = True

    @precondition(lambda self: self._busy())
    @rule(data=st.data())
    def lose_the_lease(self, data: st.DataObject) -> None:
        """Frozen for so long that somebody else takes over."""
        worker, _ = self._some_try(data)
        self._lose_the_lease(worker, data)

    def _lose_the_lease(self, worker: Played, data: st.DataObject) -> None:
        worker.frozen = True
        self.clock.at += LEASE_S
        other = self._some_worker(data)
        self.run(lambda records: reaper.reap(records, self.clock.at))
        self._claim(other, "lives", room=3)

    @precondition(lambda self: self._busy())
    @rule(data=st.data(), deed=st.sampled_from(["speaks", "finishes", "fails", "gives back"]))
    def come_back(self, data: st.DataObject, deed: str) -> None:
        """Thawed at the worst of all moments: right behind the claim of the one who took over."""
        worker, attempt = self._some_try(data)
        self._lose_the_lease(worker, data)
        worker.frozen = False
        if deed == "speaks":
            attempt.heard += "boo"
            self._commit(worker, "lives")
        elif deed == "finishes":
            self._end(worker, attempt, Finished("stop"), "lives")
        elif deed == "fails":
            self._end(worker, attempt, Interrupted(ModelCut(), 0.0), "lives")
        elif deed == "gives back":
            self._end(worker, attempt, Released(), "lives")

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

    @precondition(lambda self: any(not turn.state.final for turn in self._turns()))
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


TestConversation = Conversation.TestCase
TestConversation.settings = settings(
    max_examples=70,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
