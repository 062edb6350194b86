"""The store port: what a transaction is worth."""

from __future__ import annotations

import asyncio
import threading

import pytest

from perdure.core.errors import NotFound
from perdure.core.records import News
from perdure.ports.store import Records, Store

from .busy import writing
from .samples import T, add_chat, message, uid

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def chat(store: Store) -> str:
    """A chat to work in."""
    return (await store.write(add_chat)).id


def add(name: str):  # type: ignore[no-untyped-def]
    """A transaction that adds a message."""
    return lambda r: r.messages.add([message(name)])


async def there(store: Store, *names: str) -> list[bool]:
    """Which messages the record has."""
    return [await store.read(lambda r, n=n: r.messages.get(uid(n)) is not None) for n in names]


async def test_a_transaction_returns_what_its_work_returns(store: Store) -> None:
    """For writes, quick writes and reads."""
    assert await store.write(lambda _: 1) == 1
    assert await store.write(lambda _: 2, durable=False) == 2
    assert await store.read(lambda _: 3) == 3


async def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    """Promise 1: what a failing use case had written before is not there, and its error comes through as it is."""

    def half(r: Records) -> None:
        r.messages.add([message("half")])
        raise NotFound("on purpose")

    with pytest.raises(NotFound, match="on purpose"):
        await store.write(half)
    assert await there(store, "half") == [False]


@pytest.mark.parametrize("failure", ["use case", "statement", "value"])
async def test_a_failing_transaction_takes_no_other_with_it(store: Store, failure: str) -> None:
    """Group commit: transactions that are committed together succeed and fail each for itself."""

    def bad(r: Records) -> None:
        r.messages.add([message("bad")])
        if failure == "statement":
            r.messages.add([message("bad")])
        if failure == "value":
            r.messages.add([message("worse", text={"no": "text"})])  # type: ignore[arg-type]
        raise NotFound

    async with writing(store):
        others = [asyncio.ensure_future(store.write(work)) for work in (add("a"), bad, add("b"), bad, add("c"))]
    results = await asyncio.gather(*others, return_exceptions=True)
    assert [isinstance(result, Exception) for result in results] == [False, True, False, True, False]
    assert await there(store, "a", "b", "c", "bad", "worse") == [True, True, True, False, False]


async def test_transactions_run_in_the_order_they_were_asked_for(store: Store) -> None:
    """A later one sees what an earlier one wrote, though they may be committed together."""
    ran: list[int] = []
    await asyncio.gather(*(store.write(lambda _, n=n: ran.append(n)) for n in range(600)))
    assert ran == list(range(600))


async def test_a_caller_that_has_gone_breaks_nothing(store: Store) -> None:
    """A request that was cancelled may or may not have been written; the next ones are."""
    async with writing(store):
        gone = asyncio.ensure_future(store.write(add("gone")))
        await asyncio.sleep(0)
        gone.cancel()
    await store.write(add("next"))
    assert gone.cancelled()
    assert (await there(store, "next")) == [True]


async def test_reads_do_not_wait_for_writes(store: Store) -> None:
    """While a long transaction writes, readers see the record as it was, and then as it is."""
    wrote, gate = threading.Event(), threading.Event()

    def slow(r: Records) -> None:
        r.messages.add([message("slow")])
        wrote.set()
        assert gate.wait(10)

    going_on = asyncio.ensure_future(store.write(slow))
    await asyncio.to_thread(wrote.wait, 10)
    assert await there(store, "slow") == [False]
    gate.set()
    await going_on
    assert await there(store, "slow") == [True]


async def test_a_read_is_one_snapshot(store: Store) -> None:
    """What is committed in the middle of a read is not seen by it: a snapshot and its seq belong together."""
    loop = asyncio.get_running_loop()

    def twice(r: Records) -> tuple[int, int]:
        before = r.events.bounds()[1]
        asyncio.run_coroutine_threadsafe(
            store.write(lambda w: w.events.add([News(uid("chat"), "head", "{}")], T)), loop
        ).result(10)
        return before, r.events.bounds()[1]

    before, after = await store.read(twice)
    assert before == after
    assert (await store.read(lambda r: r.events.bounds()))[1] == before + 1


async def test_a_quick_write_is_seen_by_everybody(store: Store) -> None:
    """`durable=False` gives up the power cut, not the commit."""
    await store.write(add("quick"), durable=False)
    assert await there(store, "quick") == [True]
