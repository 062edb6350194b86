"""A record that is locked or slow: what Perdure itself holds is let go of, and what others hold is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from perdure.health.looks.locks import Holder
from perdure.health.looks.store import StoreLook
from perdure.health.record_healer import CLEAR_EVERY_S, HOLDS_S, RecordHealer
from perdure.store.sqlite import SqliteStore
from tests.records import empty_record

pytestmark = pytest.mark.anyio

OURS, THEIRS = Holder(11, "perdure"), Holder(12, "sqlite3")


class Record:
    """One whose look says what it is told to."""

    def __init__(self, store: SqliteStore, path: Path) -> None:
        self.look = StoreLook(store, path)
        self.restarted: list[str] = []
        self.obeys = True
        self.cleared = 0
        self.healer = RecordHealer(self.look, lambda: {11: "worker-1"}, self._restart, self._clear)

    async def _restart(self, name: str) -> bool:
        self.restarted.append(name)
        return self.obeys

    async def _clear(self) -> None:
        self.cleared += 1

    def said(self) -> str:
        return self.healer.healing()["store"].text


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[Record]:
    path = empty_record(tmp_path)
    store = SqliteStore(path)
    yield Record(store, path)
    await store.close()


async def test_a_process_of_ours_that_holds_the_lock_for_ever_is_started_anew(record: Record) -> None:
    """Once; and again where nobody was there to do it."""
    record.look.in_the_way = (OURS,)
    await record.healer.tend(100.0)
    await record.healer.tend(100.0 + HOLDS_S - 1.0)
    assert record.restarted == []
    assert "worker-1" in record.said()
    record.obeys = False
    await record.healer.tend(100.0 + HOLDS_S)
    record.obeys = True
    for second in range(3):
        await record.healer.tend(101.0 + HOLDS_S + second)
    assert record.restarted == ["worker-1", "worker-1"]


async def test_whoever_lets_go_in_between_is_let_alone(record: Record) -> None:
    """The time that counts is one without a break."""
    for second in range(0, 5 * int(HOLDS_S), int(HOLDS_S) - 1):
        record.look.in_the_way = (OURS,)
        await record.healer.tend(100.0 + second)
        record.look.in_the_way = ()
        await record.healer.tend(100.5 + second)
    assert record.restarted == []
    assert record.healer.healing() == {}


async def test_what_others_hold_is_named_and_left_to_them(record: Record) -> None:
    record.look.in_the_way = (THEIRS,)
    for second in range(0, 200, 10):
        await record.healer.tend(100.0 + second)
    assert record.restarted == []
    assert "process 12 (sqlite3)" in record.said()


async def test_the_log_of_a_slow_record_is_written_back_now_and_then(record: Record) -> None:
    """And nothing more is done, nor said, once it is quick again."""
    record.look.slow = True
    for second in range(int(CLEAR_EVERY_S) + 1):
        await record.healer.tend(100.0 + second)
    assert record.cleared == 2
    assert "log" in record.said()
    record.look.slow = False
    await record.healer.tend(300.0)
    assert record.cleared == 2
    assert record.healer.healing() == {}


async def test_writing_the_log_back_waits_for_nobody(tmp_path: Path) -> None:
    """Somebody writes meanwhile, and reads: what can be written back is, and nothing is lost."""
    path = empty_record(tmp_path)
    store = SqliteStore(path)
    await store.write(lambda r: r.settings.put("one", 1, 0.0))
    before = path.stat().st_mtime_ns
    await store.clear_log()
    assert path.stat().st_mtime_ns > before
    assert await store.read(lambda r: r.settings.get("one")) == 1
    await store.close()
