"""The store port: the tree of messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.errors import ModelCut, describe
from perdure.core.records import Role, Said
from perdure.core.turn import State
from perdure.ports.store import Records, Store

from .samples import T, add_chat, add_running, message, uid

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def chat(store: Store) -> str:
    """A chat to work in."""
    return (await store.write(add_chat)).id


async def add(store: Store, *pairs: tuple[str, str | None]) -> None:
    """Messages with their parents, in this order."""

    def fill(r: Records) -> None:
        for n, (name, parent) in enumerate(pairs):
            r.messages.add([message(name, parent, text=name, at=T + n)])

    await store.write(fill)


async def branch(store: Store, leaf: str, limit: int = 99) -> list[str]:
    """The texts of a branch."""
    return [m.text for m in await store.read(lambda r: r.messages.branch(uid(leaf), limit))]


async def test_a_message_is_read_as_it_was_written(store: Store) -> None:
    """Any text, up to the last code point."""
    text = "é😀\n\t‮ \x7f'; DROP TABLE messages; --" + "x" * 100_000
    await store.write(lambda r: r.messages.add([message("m", None, text=text)]))
    assert await store.read(lambda r: r.messages.get(uid("m"))) == message("m", None, text=text)
    assert await store.read(lambda r: r.messages.get(uid("nobody"))) is None


async def test_a_branch_is_one_way_through_the_tree(store: Store) -> None:
    """From the leaf to the root, oldest first; siblings are on other branches."""
    await add(store, ("a", None), ("b", "a"), ("b2", "a"), ("c", "b"), ("c2", "b2"), ("d", "c"))
    assert await branch(store, "d") == ["a", "b", "c", "d"]
    assert await branch(store, "c2") == ["a", "b2", "c2"]
    assert await branch(store, "a") == ["a"]
    assert await branch(store, "nobody") == []


@pytest.mark.parametrize(("limit", "texts"), [(1, ["d"]), (2, ["c", "d"]), (4, ["a", "b", "c", "d"])])
async def test_a_branch_is_cut_at_its_far_end(store: Store, limit: int, texts: list[str]) -> None:
    """The newest are what is asked for."""
    await add(store, ("a", None), ("b", "a"), ("c", "b"), ("d", "c"))
    assert await branch(store, "d", limit) == texts


async def test_a_prompts_history_is_the_end_of_a_branch_as_long_as_asked_for(store: Store) -> None:
    """So many messages, or as many as it takes for so many code points; a chat of years costs no more than its end."""
    await add(store, ("aaa", None), ("bb", "aaa"), ("x", "aaa"), ("cc", "bb"), ("d", "cc"))

    async def history(limit: int, length: int) -> list[str]:
        said = await store.read(lambda r: r.messages.history(uid("d"), limit, length))
        return [one.text for one in said]

    assert await history(99, 99) == ["aaa", "bb", "cc", "d"]
    assert await history(99, 3) == ["cc", "d"]
    assert await history(99, 4) == ["bb", "cc", "d"]
    assert await history(2, 99) == ["cc", "d"]
    assert await store.read(lambda r: r.messages.history(uid("nobody"), 9, 9)) == []
    (said,) = await store.read(lambda r: r.messages.history(uid("aaa"), 9, 9))
    assert said == Said(Role.USER, "aaa", 0)


async def test_the_order_of_a_branch_is_the_trees_not_the_clocks(store: Store) -> None:
    """A clock that was set back does not turn a conversation around."""

    def fill(r: Records) -> None:
        r.messages.add([message("a", None, text="a", at=T + 9)])
        r.messages.add([message("b", "a", text="b", at=T)])

    await store.write(fill)
    assert await branch(store, "b") == ["a", "b"]


async def test_a_branch_may_be_long(store: Store) -> None:
    """Chats of years: no limit of recursion stands in the way."""
    await add(store, ("0", None), *((str(n), str(n - 1)) for n in range(1, 1500)))
    assert await branch(store, "1499", 2000) == [str(n) for n in range(1500)]


async def test_settling_touches_one_reply_and_only_its_end(store: Store) -> None:
    """Promise 6: text, state and error are put on the reply; nothing else of it or of others changes."""
    held = await store.write(add_running)
    await add(store, ("a", None))
    before = await store.read(lambda r: r.messages.get(held.message_id))
    assert before is not None
    await store.write(lambda r: r.messages.settle(held.message_id, "Half a", State.FAILED, ModelCut("gone")))
    after = await store.read(lambda r: r.messages.get(held.message_id))
    assert after is not None
    assert after.error is not None
    assert describe(after.error) == describe(ModelCut("gone"))
    assert replace(after, error=None) == replace(before, text="Half a", state=State.FAILED)
    assert await store.read(lambda r: r.messages.get(uid("a"))) == message("a", None, text="a")


async def test_marking_changes_the_state_alone(store: Store) -> None:
    """How a reply stands is seen on it while its text is elsewhere."""
    held = await store.write(add_running)
    before = await store.read(lambda r: r.messages.get(held.message_id))
    assert before is not None
    await store.write(lambda r: r.messages.mark(held.message_id, State.RUNNING))
    assert await store.read(lambda r: r.messages.get(held.message_id)) == replace(before, state=State.RUNNING)


async def test_an_id_is_taken_once(store: Store) -> None:
    """Promise 6: a second node of one id is an error, and the first one stays."""
    await add(store, ("a", None))
    with pytest.raises(Exception):  # noqa: B017, PT011 - each database has its own
        await store.write(lambda r: r.messages.add([message("a", None, text="other")]))
    assert await branch(store, "a") == ["a"]
