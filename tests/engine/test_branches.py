"""Head, deletion and undoing, where it takes a certain order of things to see a rule."""

from __future__ import annotations

import json

import pytest

from perdure.core.errors import NotFound, TurnInProgress
from perdure.core.records import Chat
from perdure.core.turn import Kind, State
from perdure.engine import branches, edits, intake, scene
from perdure.engine.tree import is_shown
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore

from .doubles import SETTINGS, START_AT, add_chat, ask, uid
from .test_intake import finish, refused

pytestmark = pytest.mark.anyio

NOW = START_AT + 10


def say(records: Records, name: str, parent: str | None = None) -> None:
    """Words that nobody answers."""
    intake.put_message(records, uid("chat"), uid(name), name, uid(parent) if parent else None, None, NOW)


def beside(records: Records, name: str, old: str) -> None:
    """An edit that nobody answers."""
    edits.put_beside(records, uid("chat"), edits.Edit(uid(name), name, uid(old), False, SETTINGS), NOW)


def hide(records: Records, name: str) -> Chat:
    """Delete it."""
    return branches.hide(records, uid("chat"), uid(name), NOW)


def restore(records: Records, name: str) -> Chat:
    """Bring it back."""
    return branches.restore(records, uid("chat"), uid(name), NOW)


def show(records: Records, name: str, *, leaf: bool = False) -> Chat:
    """Put the head there."""
    return branches.put_head(records, uid("chat"), uid(name), leaf, NOW)


async def test_the_one_before_is_nearer_than_the_one_behind(store: SqliteStore) -> None:
    """As one swipes: back to what was there first, and on where there is nothing before it."""

    def work(records: Records) -> list[str | None]:
        add_chat(records)
        say(records, "one")
        for name in ("two", "three"):
            beside(records, name, "one")
        say(records, "below one", "one")
        show(records, "two")
        return [hide(records, "two").head_id, hide(records, "one").head_id, hide(records, "three").head_id]

    assert await store.write(work) == [uid("below one"), uid("three"), None]


async def test_where_nothing_was_shown_the_restored_is(store: SqliteStore) -> None:
    """It was not under the head when it was deleted; meanwhile everything else was deleted too."""

    def work(records: Records) -> str | None:
        add_chat(records)
        say(records, "one")
        say(records, "below")
        beside(records, "two", "one")
        hide(records, "one")
        assert hide(records, "two").head_id is None
        return restore(records, "one").head_id

    assert await store.write(work) == uid("below")


async def test_undoing_in_any_order_ends_alike(store: SqliteStore) -> None:
    """A deletion above one leaves it as it is; the inner one comes back by itself, behind the outer one."""

    def work(records: Records) -> None:
        add_chat(records)
        for name in ("a", "b", "c"):
            say(records, name)
        assert hide(records, "c").head_id == uid("b")
        assert hide(records, "a").head_id is None

    await store.write(work)
    await refused(store, lambda records: restore(records, "c"), NotFound)
    assert (await store.write(lambda records: restore(records, "a"))).head_id == uid("b")
    assert (await store.write(lambda records: restore(records, "c"))).head_id == uid("c")
    last = (await store.read(lambda records: records.events.bounds()))[1]
    assert (await store.write(lambda records: restore(records, "c"))).head_id == uid("c"), "promise 7"
    assert (await store.read(lambda records: records.events.bounds()))[1] == last


async def test_a_deletion_and_the_end_of_a_reply_come_one_behind_the_other(store: SqliteStore) -> None:
    """Promise 5: as long as the turn is open it is refused, and then nothing can come below it any more."""
    turn = await store.write(ask)
    await refused(store, lambda records: hide(records, "hello"), TurnInProgress)
    await store.write(lambda records: finish(records, turn, "Hi."))
    chat = await store.write(lambda records: hide(records, "hello"))
    assert chat.head_id is None
    for parent in (uid("hello"), turn.message_id):
        late = intake.NewReply(uid("late"), Kind.SWIPE, parent, SETTINGS)
        await refused(store, lambda records, late=late: intake.put_turn(records, uid("chat"), late, NOW), NotFound)


async def test_a_repetition_is_answered_where_everything_was_deleted(store: SqliteStore) -> None:
    """Promise 7: what was accepted is accepted; nobody's outbox gets stuck on it."""
    turn = await store.write(ask)
    await store.write(lambda records: finish(records, turn, "Once"))
    more = intake.NewReply(uid("more"), Kind.CONTINUE, turn.message_id, SETTINGS)
    first = await store.write(lambda records: intake.put_turn(records, uid("chat"), more, NOW))
    edit = edits.Edit(uid("edit"), "Twice", turn.message_id, None, SETTINGS)
    edited = await store.write(lambda records: edits.put_beside(records, uid("chat"), edit, NOW))
    assert first.turn is not None
    await store.write(lambda records: intake.stop(records, uid("more"), NOW))
    await store.write(lambda records: hide(records, "hello"))
    again = await store.write(lambda records: intake.put_turn(records, uid("chat"), more, NOW))
    assert again.turn is not None
    assert (again.created, again.turn.id, again.text) == (False, first.turn.id, "Once")
    again = await store.write(lambda records: edits.put_beside(records, uid("chat"), edit, NOW))
    assert (again.created, again.message) == (False, edited.message)
    said = await store.write(
        lambda records: intake.put_message(records, uid("chat"), uid("hello"), "hello", None, SETTINGS, NOW)
    )
    assert not said.created


async def test_the_head_moves_away_and_the_reply_goes_on(store: SqliteStore) -> None:
    """In its own branch, with its own past; its end does not bring the head back."""
    await store.write(lambda records: (add_chat(records), say(records, "before"), say(records, "elsewhere")))
    turn = await store.write(lambda records: ask(records, "question"))
    await store.write(lambda records: show(records, "before"))
    part = await store.read(lambda records: scene.load(records, turn))
    assert [said.text for said in part.scene.history] == ["before", "elsewhere", "question"]
    reply = await store.write(lambda records: finish(records, turn, "There."))
    assert reply.state is State.DONE
    chat = await store.read(lambda records: records.chats.get(uid("chat")))
    assert chat is not None
    assert chat.head_id == uid("before")
    assert (await store.write(lambda records: show(records, "before", leaf=True))).head_id == reply.id
    assert await store.read(lambda records: is_shown(records, intake.chat_of(records, uid("chat")), reply))


async def test_two_tabs_put_the_head(store: SqliteStore) -> None:
    """The later one counts, each is told, and only what changed is told."""
    await store.write(lambda records: (add_chat(records), say(records, "a"), say(records, "b"), say(records, "c")))
    last = (await store.read(lambda records: records.events.bounds()))[1]
    for name in ("a", "b", "b", "a"):
        assert (await store.write(lambda records, name=name: show(records, name))).head_id == uid(name)
    events = await store.read(lambda records: records.events.after(last, 9))
    assert [(e.kind, json.loads(e.body)["head_id"]) for e in events] == [("head", uid(n)) for n in ("a", "b", "a")]
