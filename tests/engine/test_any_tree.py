"""Whatever is said, edited, deleted and brought back, in whatever order: the tree is what a simple model says it is.

A hypothesis state machine over one chat. The model knows parents and marks and finds everything step by step.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from perdure.core.errors import Conflict, NotFound, PerdureError, TurnInProgress
from perdure.core.lease import grant
from perdure.core.records import Chat, Message
from perdure.core.turn import Claimed, Finished, Kind
from perdure.engine import branches, edits, intake, pages, trash, tree
from perdure.engine.life import apply
from perdure.ports.store import Records
from perdure.store.database import Database
from perdure.store.file import SqlRecords, connect
from tests.records import empty_record

from .doubles import SETTINGS, START_AT, add_chat, uid

T = TypeVar("T")


@dataclass
class Leaf:
    """A message in the model; `number` grows as messages come."""

    id: str
    parent: str | None
    number: int
    marked: bool = False
    head_before: str | None = None
    turn_id: str | None = None
    open: bool = False


class Trees(RuleBasedStateMachine):
    """One chat, and everybody who can touch its tree."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="perdure-any-tree-"))
        self.conn = connect(empty_record(self.folder))
        self.conn.execute("PRAGMA synchronous=OFF")
        self.records = SqlRecords.over(Database(self.conn))
        self.model: dict[str, Leaf] = {}
        self.stored: dict[str, Message] = {}
        self.head: str | None = None
        self.made = 0

    def teardown(self) -> None:
        """Leave nothing."""
        self.conn.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        """A chat without a greeting."""
        self.chat_id = self.run(add_chat)

    def run(self, work: Callable[[Records], T]) -> T:
        """One transaction."""
        self.conn.execute("BEGIN IMMEDIATE")
        try:
            result = work(self.records)
        except BaseException:
            self.conn.execute("ROLLBACK")
            raise
        self.conn.execute("COMMIT")
        return result

    def refused(self, work: Callable[[Records], object], kind: type[PerdureError]) -> None:
        """It is refused for this reason, and leaves the log alone."""
        before = self.records.events.bounds()
        try:
            self.run(work)
        except PerdureError as error:
            assert type(error) is kind, error
        else:
            raise AssertionError("it was allowed")
        assert self.records.events.bounds() == before

    # --- the model ---------------------------------------------------------------------------------------------

    def way(self, message_id: str | None) -> Iterator[Leaf]:
        """Itself, its parent, and so on."""
        while message_id is not None:
            yield self.model[message_id]
            message_id = self.model[message_id].parent

    def is_shown(self, message_id: str | None) -> bool:
        return not any(leaf.marked for leaf in self.way(message_id))

    def is_within(self, message_id: str | None, top: str) -> bool:
        return any(leaf.id == top for leaf in self.way(message_id))

    def siblings(self, message_id: str) -> list[str]:
        """Those that are not marked themselves."""
        parent = self.model[message_id].parent
        return [leaf.id for leaf in self.model.values() if leaf.parent == parent and not leaf.marked]

    def newest(self, top: str) -> str:
        """Shown, as seen from `top`."""
        within = [one for one in self.model if self.is_within(one, top) and self.is_shown(one)]
        return max(within, key=lambda one: self.model[one].number)

    def some(self, data: st.DataObject) -> str:
        """Any message, hidden or not."""
        return data.draw(st.sampled_from(sorted(self.model, key=lambda one: self.model[one].number)))

    def name(self) -> str:
        """An id that nothing has yet."""
        self.made += 1
        return uid("new", self.made)

    def grown(self, message_id: str, parent: str | None, turn_id: str | None = None) -> None:
        """A message has come, and is shown."""
        self.model[message_id] = Leaf(message_id, parent, len(self.stored), turn_id=turn_id, open=turn_id is not None)
        self.stored[message_id] = self.read(message_id)
        self.head = message_id

    def accepted(self, accepted: intake.Accepted) -> None:
        """What a use case has taken in."""
        assert accepted.created
        if accepted.message is not None:
            self.grown(accepted.message.id, accepted.message.parent_id)
        if accepted.turn is not None:
            self.grown(accepted.turn.message_id, accepted.turn.parent_id, accepted.turn.id)

    def read(self, message_id: str) -> Message:
        found = self.records.messages.get(message_id)
        assert found is not None
        return found

    def chat(self) -> Chat:
        return intake.chat_of(self.records, self.chat_id)

    # --- what people do ----------------------------------------------------------------------------------------

    @precondition(lambda self: self.made < 30)
    @rule(data=st.data(), anywhere=st.booleans(), reply=st.booleans())
    def say(self, data: st.DataObject, anywhere: bool, reply: bool) -> None:
        """At the head, or below any message."""
        parent = self.some(data) if anywhere and self.model else None
        above = parent or self.head
        name, asked = self.name(), SETTINGS if reply else None

        def work(records: Records) -> intake.Accepted:
            return intake.put_message(records, self.chat_id, name, "word", parent, asked, START_AT)

        if not self.is_shown(above):
            self.refused(work, NotFound)
        elif above is not None and self.model[above].open:
            self.refused(work, TurnInProgress)
        else:
            self.accepted(self.run(work))

    @precondition(lambda self: self.model and self.made < 30)
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        """Beside any message."""
        beside = self.some(data)
        edit = edits.Edit(self.name(), "better word", beside, None, SETTINGS)
        if not self.is_shown(beside):
            self.refused(lambda records: edits.put_beside(records, self.chat_id, edit, START_AT), NotFound)
            return
        accepted = self.run(lambda records: edits.put_beside(records, self.chat_id, edit, START_AT))
        self.accepted(accepted)
        old, new = self.read(beside), accepted.message
        assert new is not None
        assert (new.parent_id, new.role, new.author) == (old.parent_id, old.role, old.author)
        again = self.run(lambda records: edits.put_beside(records, self.chat_id, edit, START_AT + 1))
        assert again == replace(accepted, created=False)

    @precondition(lambda self: self.model and self.made < 30)
    @rule(data=st.data())
    def swipe(self, data: st.DataObject) -> None:
        """A further reply below any message."""
        parent = self.some(data)
        reply = intake.NewReply(self.name(), Kind.SWIPE, parent, SETTINGS)
        if not self.is_shown(parent):
            self.refused(lambda records: intake.put_turn(records, self.chat_id, reply, START_AT), NotFound)
        elif self.model[parent].open:
            self.refused(lambda records: intake.put_turn(records, self.chat_id, reply, START_AT), TurnInProgress)
        else:
            self.accepted(self.run(lambda records: intake.put_turn(records, self.chat_id, reply, START_AT)))

    @precondition(lambda self: any(leaf.open for leaf in self.model.values()))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """A worker says the reply, wherever the head has gone."""
        leaf = data.draw(st.sampled_from([leaf for leaf in self.model.values() if leaf.open]))
        turn = self.records.turns.get(leaf.turn_id or "")
        assert turn is not None
        claimed = self.run(lambda records: apply(records, turn, Claimed("w", "b", grant("w:1", START_AT)), START_AT))
        self.run(lambda records: apply(records, claimed, Finished("stop"), START_AT))
        leaf.open = False
        self.stored[leaf.id] = self.read(leaf.id)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), through=st.booleans())
    def move_head(self, data: st.DataObject, through: bool) -> None:
        """To any message, or through it."""
        message = self.some(data)
        if not self.is_shown(message):
            self.refused(lambda r: branches.put_head(r, self.chat_id, message, through, START_AT), NotFound)
            return
        self.head = self.newest(message) if through else message
        self.run(lambda records: branches.put_head(records, self.chat_id, message, through, START_AT))

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Any message; also one that is hidden already."""
        message = self.some(data)
        leaf = self.model[message]

        def work(records: Records) -> Chat:
            return branches.hide(records, self.chat_id, message, START_AT)

        if not leaf.marked and not self.is_shown(message):
            self.refused(work, NotFound)
            return
        if any(one.open and self.is_within(one.id, message) for one in self.model.values()):
            self.refused(work, TurnInProgress)
            return
        if not leaf.marked:
            beside = self.siblings(message)
            place = beside.index(message)
            leaf.marked = True
            if self.is_within(self.head, message):
                leaf.head_before = self.head
                near = [*beside[:place][-1:], *beside[place + 1 :][:1]]
                self.head = self.newest(near[0]) if near else leaf.parent
        self.run(work)

    @precondition(lambda self: any(leaf.marked for leaf in self.model.values()))
    @rule(data=st.data(), marked=st.booleans())
    def restore(self, data: st.DataObject, marked: bool) -> None:
        """Any message; one that is shown stays as it is."""
        deleted = sorted(leaf.id for leaf in self.model.values() if leaf.marked)
        message = data.draw(st.sampled_from(deleted)) if marked else self.some(data)
        leaf = self.model[message]
        if not self.is_shown(leaf.parent) or (not leaf.marked and not self.is_shown(message)):
            self.refused(lambda records: branches.restore(records, self.chat_id, message, START_AT), NotFound)
            return
        if leaf.marked:
            leaf.marked = False
            before, leaf.head_before = leaf.head_before, None
            if before in self.model and self.is_shown(before):
                self.head = before
            elif self.head is None:
                self.head = self.newest(message)
        self.run(lambda records: branches.restore(records, self.chat_id, message, START_AT))

    @precondition(lambda self: any(leaf.marked for leaf in self.model.values()))
    @rule(really=st.sampled_from([False, False, True]))
    def purge(self, really: bool) -> None:
        """Erases what is hidden and nothing else."""
        gone = [one for one in self.model if not self.is_shown(one)]
        assert trash.look(self.records).messages == len(gone)
        if not really:
            return
        removed = 0
        while (step := self.run(trash.purge_messages)) is not None:
            removed += step
        assert removed == len(gone)
        for one in gone:
            assert self.records.messages.get(one) is None
            del self.model[one]
            turn_id = self.stored.pop(one).turn_id
            assert turn_id is None or self.records.turns.get(turn_id) is None

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def take_an_id(self, data: st.DataObject) -> None:
        """Promise 7: an id is one message, hidden or not; another content is refused."""
        message = self.some(data)

        def work(records: Records) -> intake.Accepted:
            return intake.put_message(records, self.chat_id, message, "another word", None, None, START_AT)

        self.refused(work, Conflict)

    # --- what holds --------------------------------------------------------------------------------------------

    @invariant()
    def the_branch_is_the_models(self) -> None:
        """Head, length, pages and siblings; nothing hidden is on it."""
        if not hasattr(self, "chat_id"):
            return
        chat = self.chat()
        branch = [leaf.id for leaf in self.way(self.head)][::-1]
        assert (chat.head_id, chat.messages) == (self.head, len(branch))
        assert all(self.is_shown(one) for one in branch)
        page = pages.last(self.records, chat, 100)
        assert [message.id for message in page.messages] == branch
        assert [page.siblings[one] for one in branch] == [self.siblings(one) for one in branch]
        for depth, message in enumerate(branch):
            around = pages.around(self.records, chat, message, 3)
            assert [one.id for one in around.messages] == branch[max(depth - 1, 0) : depth + 2]
            assert (around.has_before, around.has_after) == (depth > 1, depth + 2 < len(branch))
            after = pages.after(self.records, chat, message, 2)
            assert [one.id for one in after.messages] == branch[depth + 1 : depth + 3]

    @invariant()
    def nothing_is_overwritten(self) -> None:
        """Promise 6: every message is as it was, but for its own mark."""
        for message_id, leaf in self.model.items():
            node = self.read(message_id)
            assert replace(node, hidden_at=None) == replace(self.stored[message_id], hidden_at=None)
            assert (node.hidden_at is not None) == leaf.marked
            assert node.depth == len(list(self.way(message_id))) - 1
            assert tree.is_shown(self.records, self.chat(), node) == self.is_shown(message_id)


TestTrees = Trees.TestCase
TestTrees.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
