"""Exceptions that nobody foresaw: grouped by the way that they came, whatever they say and wherever the lines stand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from perdure.core.errors import StoreUnavailable
from perdure.core.records import Unforeseen
from perdure.engine.unforeseen import LONGEST_CHARS, Recorder, seen
from perdure.store.sqlite import SqliteStore

from .doubles import FaultyStore, ToldClock

pytestmark = pytest.mark.anyio


def fails(words: str) -> None:
    if len(words) > 3:
        raise ValueError(words)
    raise ValueError("short", words)  # on another line, and the same mistake


def fails_elsewhere(words: str) -> None:
    raise ValueError(words)


def met(way: Callable[[str], None], words: str) -> Unforeseen:
    """What is kept of the exception that `way` raises."""
    try:
        way(words)
    except ValueError as error:
        return seen(error, "id", "web", 1.0)
    raise AssertionError


def test_the_same_mistake_is_one_group() -> None:
    """Neither its words nor its line tell it apart; where it happened does, and so does what it is."""
    first = met(fails, "a long story")
    assert first.fingerprint == met(fails, "no").fingerprint
    assert first.fingerprint != met(fails_elsewhere, "a long story").fingerprint
    assert (first.kind, first.place) == ("ValueError", f"{__name__}:fails")
    assert first.traceback.rstrip().endswith("ValueError: a long story")


def test_an_endless_traceback_keeps_its_end() -> None:
    """What happened stands last."""
    kept = met(fails, "x" * LONGEST_CHARS + " the end")
    assert len(kept.traceback) <= LONGEST_CHARS
    assert kept.traceback.rstrip().endswith("the end")


async def test_what_a_process_meets_is_counted_in_the_record(store: SqliteStore) -> None:
    """Each with the id that somebody was told, also where nobody awaited what failed."""
    recorder = Recorder(store, ToldClock(), "worker-1")
    recorder.watch()
    for n in range(3):
        recorder.note(ValueError("again"), f"id {n}")

    async def unheard() -> None:
        raise KeyError("nobody waits for this")

    task = asyncio.create_task(unheard())
    await asyncio.wait([task])
    del task
    await recorder.settle()
    asyncio.get_running_loop().set_exception_handler(None)
    groups = {one.kind: one for one in await store.read(lambda r: r.unforeseen.lately(9))}
    assert (groups["ValueError"].times, groups["ValueError"].error_id) == (3, "id 2")
    assert groups["KeyError"].place == f"{__name__}:{unheard.__qualname__}"
    assert groups["KeyError"].process == "worker-1"


async def test_where_the_record_is_away_nothing_else_fails(store: SqliteStore) -> None:
    """The log has it then."""
    away = FaultyStore(store)
    away.before = [StoreUnavailable("Away.")]
    recorder = Recorder(away, ToldClock(), "web")
    recorder.note(ValueError("x"), "id")
    await recorder.settle()
    recorder.note(ValueError("x"), "id")
    await recorder.settle()
    assert [one.times for one in await store.read(lambda r: r.unforeseen.lately(9))] == [1]
