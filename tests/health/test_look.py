"""Looks are in nobody's way: one that hangs or breaks says so, and no other one waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from perdure.core.health import Cause, Finding, Level
from perdure.health.look import Findings, Haste, Look, keep_looking

pytestmark = pytest.mark.anyio

WELL = {"one": Finding()}

Find = Callable[[], Coroutine[None, None, Findings]]


async def heard_of(
    find: Callable[[], Coroutine[None, None, Findings]], times: int, limit_s: float = 5.0
) -> list[Findings]:
    """What so many looks have found."""
    heard: list[Findings] = []
    enough = asyncio.Event()

    def hear(name: str, findings: Findings) -> None:
        assert name == "look"
        heard.append(findings)
        if len(heard) >= times:
            enough.set()

    look = Look("look", ("one",), find, period_s=0.001, limit_s=limit_s, hurry_s=0.001)
    looking = asyncio.create_task(keep_looking(look, hear, lambda _: Haste.CALM, asyncio.Event()))
    await enough.wait()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    return heard[:times]


async def test_what_a_look_finds_is_heard_again_and_again() -> None:
    async def find() -> Findings:
        return WELL

    assert await heard_of(find, 3) == [WELL] * 3


async def test_a_look_that_hangs_is_not_begun_twice() -> None:
    """It is heard not to answer, again and again; and what it finds in the end is heard too."""
    begun = 0
    free = asyncio.Event()

    async def find() -> Findings:
        nonlocal begun
        begun += 1
        await free.wait()
        return WELL

    heard: list[Findings] = []
    well = asyncio.Event()

    def hear(_: str, findings: Findings) -> None:
        heard.append(findings)
        if len(heard) == 3:
            assert begun == 1
            free.set()
        if findings == WELL:
            well.set()

    look = Look("look", ("one",), find, period_s=0.001, limit_s=0.001, hurry_s=0.001)
    looking = asyncio.create_task(keep_looking(look, hear, lambda _: Haste.CALM, asyncio.Event()))
    await well.wait()
    looking.cancel()
    assert [finding["one"].cause for finding in heard[:3]] == [Cause.NO_ANSWER] * 3


async def test_a_look_that_breaks_is_heard_as_broken() -> None:
    """The others go on, and it is tried again."""
    times = 0

    async def find() -> Findings:
        nonlocal times
        times += 1
        if times == 1:
            raise RuntimeError("a mistake of ours")
        return WELL

    first, second = await heard_of(find, 2)
    assert (first["one"].level, first["one"].cause) == (Level.DEGRADED, Cause.FAILING)
    assert second == WELL


async def test_a_word_from_elsewhere_has_it_look_at_once() -> None:
    """Long before its time."""
    looked = asyncio.Event()
    woken = asyncio.Event()

    async def find() -> Findings:
        looked.set()
        return WELL

    look = Look("look", ("one",), find, period_s=3600.0)
    looking = asyncio.create_task(keep_looking(look, lambda *_: None, lambda _: Haste.CALM, woken))
    await looked.wait()
    looked.clear()
    await asyncio.sleep(0)
    woken.set()
    await looked.wait()
    looking.cancel()


async def test_what_was_found_worse_than_is_shown_is_looked_at_again_soon() -> None:
    """People wait to be told: neither the calm pace nor that of what is known to be unwell will do."""
    looks = 0
    again = asyncio.Event()

    async def find() -> Findings:
        nonlocal looks
        looks += 1
        if looks == 2:
            again.set()
        return {"one": Finding(Level.MAJOR)}

    look = Look("look", ("one",), find, period_s=3600.0, hurry_s=3600.0, doubt_s=0.001)
    looking = asyncio.create_task(keep_looking(look, lambda *_: None, lambda _: Haste.DOUBT, asyncio.Event()))
    await again.wait()
    looking.cancel()
