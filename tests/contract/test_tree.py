"""The store port: places in the tree, siblings, what is hidden, and what is erased of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.ancestry import Node, place_below
from perdure.core.records import HiddenMessage
from perdure.core.turn import State
from perdure.ports.store import Records, Store

from .samples import T, add_chat, add_running, message, says, uid

pytestmark = pytest.mark.anyio

TREE = (("a", None), ("b", "a"), ("c", "b"), ("b2", "a"), ("c2", "b2"), ("z", None), ("b3", "a"), ("d", "c"))


def grow(r: Records) -> None:
    """A tree of two roots, each node at its place, written by a clock that runs backwards."""
    add_chat(r)
    for n, (name, parent) in enumerate(TREE):
        above = None if parent is None else r.messages.get(uid(parent))
        depth, jump_id = place_below(above, r.messages.node)
        r.messages.add([replace(message(name, parent, text=name, at=T - n), depth=depth, jump_id=jump_id)])


@pytest.fixture(autouse=True)
async def tree(store: Store) -> None:
    """The tree to work in."""
    await store.write(grow)


def ids(*names: str) -> list[str]:
    """Their ids."""
    return [uid(name) for name in names]


async def test_a_node_is_a_message_without_its_words(store: Store) -> None:
    """As much as it takes to go up."""
    assert await store.read(lambda r: r.messages.node(uid("d"))) == Node(uid("d"), uid("c"), 3, uid("a"))
    assert await store.read(lambda r: r.messages.node(uid("z"))) == Node(uid("z"), None, 0, None)


async def test_siblings_come_in_the_order_in_which_they_were_written(store: Store) -> None:
    """Oldest first, whatever the clock said; roots are siblings too; who is hidden is none."""

    def siblings(r: Records) -> list[list[str]]:
        parents = [None, uid("a"), uid("b"), uid("d")]
        found = r.messages.siblings(uid("chat"), parents)
        return [list(found[parent]) for parent in parents]

    everybody = [ids("a", "z"), ids("b", "b2", "b3"), ids("c"), []]
    assert await store.read(siblings) == everybody
    await store.write(lambda r: [r.messages.hide(uid(name), None, T) for name in ("b2", "z")])
    assert await store.read(siblings) == [ids("a"), ids("b", "b3"), ids("c"), []]
    await store.write(lambda r: [r.messages.show(uid(name)) for name in ("b2", "z")])
    assert await store.read(siblings) == everybody
    assert await store.read(lambda r: dict(r.messages.siblings(uid("other"), [None, uid("a")]))) == {None: []}


async def test_the_newest_is_looked_for_among_what_is_shown(store: Store) -> None:
    """Below the message or itself, by when it was written and not by where it stands; a mark hides all below it."""

    async def newest(name: str) -> str:
        return await store.read(lambda r: r.messages.newest_within(uid("chat"), uid(name)))

    assert [await newest(name) for name in ("a", "b2", "d", "z")] == ids("d", "c2", "d", "z")
    await store.write(lambda r: r.messages.hide(uid("c"), None, T))
    assert [await newest(name) for name in ("a", "b")] == ids("b3", "b")


async def test_a_deletion_is_one_mark(store: Store) -> None:
    """Promise 6: nothing but the mark is written, and undoing it leaves everything as it was."""
    before = await store.read(lambda r: [r.messages.get(uid(name)) for name, _ in TREE])
    assert await store.read(lambda r: r.messages.hidden(uid("chat"))) == []
    await store.write(lambda r: r.messages.hide(uid("b"), uid("d"), T + 5))
    hidden = await store.read(lambda r: r.messages.hidden(uid("chat")))
    assert hidden == [Node(uid("b"), uid("a"), 1, uid("a"))]
    assert await store.read(lambda r: r.messages.hidden(uid("other"))) == []
    assert await store.read(lambda r: r.messages.head_before(uid("b"))) == uid("d")
    now = await store.read(lambda r: [r.messages.get(uid(name)) for name, _ in TREE])
    changed = [(was, is_) for was, is_ in zip(before, now, strict=True) if was != is_]
    assert [is_ for _, is_ in changed] == [replace(was, hidden_at=T + 5) for was, _ in changed if was]
    await store.write(lambda r: r.messages.show(uid("b")))
    assert await store.read(lambda r: [r.messages.get(uid(name)) for name, _ in TREE]) == before
    assert await store.read(lambda r: r.messages.head_before(uid("b"))) is None


async def test_what_is_hidden_is_counted_once(store: Store) -> None:
    """A deletion within a deletion is not counted twice; what is in a hidden chat is counted there."""
    await store.write(lambda r: [r.messages.hide(uid(name), None, T + n) for n, name in enumerate(("b", "c", "z"))])
    assert await store.read(lambda r: r.messages.count_hidden()) == 4
    marked = await store.read(lambda r: r.messages.hidden_anywhere(9))
    assert sorted(marked) == sorted((uid("chat"), one) for one in ids("b", "c", "z"))
    assert len(await store.read(lambda r: r.messages.hidden_anywhere(2))) == 2
    assert [one.id for one in await store.read(lambda r: r.messages.hidden_lately(9))] == ids("z", "c", "b")
    told = HiddenMessage(uid("z"), uid("chat"), "chat", None, "You", "z", T + 2)
    assert await store.read(lambda r: r.messages.hidden_lately(1)) == [told]
    await store.write(lambda r: r.chats.hide(uid("chat"), T))
    assert await store.read(lambda r: r.messages.count_hidden()) == 0
    assert await store.read(lambda r: r.messages.hidden_anywhere(9)) == []


async def test_a_purge_takes_a_message_and_all_below_it_and_nothing_else(store: Store) -> None:
    """With the turns of its replies, and what belongs to those."""

    def reply(r: Records) -> None:
        for name, parent in (("below", "b"), ("beside", "b2")):
            held = add_running(r, name)
            r.turns.append([says(held, "text")], T)
            r.turns.save(replace(held, state=State.DONE, lease=None, fence=2), 1)
            placed = r.messages.get(held.message_id)
            assert placed is not None
            r.messages.purge(uid("chat"), placed.id)
            r.turns.add(replace(held, state=State.DONE, lease=None, fence=2), {})
            r.messages.add([replace(placed, parent_id=uid(parent), state=State.DONE)])

    await store.write(reply)
    assert await store.write(lambda r: r.messages.purge(uid("chat"), uid("b"))) == 4
    names = [name for name, _ in TREE]
    left = [name for name in names if await store.read(lambda r, name=name: r.messages.get(uid(name)))]
    assert left == ["a", "b2", "c2", "z", "b3"]
    assert await store.read(lambda r: r.turns.get(uid("below"))) is None
    assert await store.read(lambda r: r.turns.get(uid("beside"))) is not None
    assert await store.write(lambda r: r.messages.purge(uid("chat"), uid("b"))) == 0
