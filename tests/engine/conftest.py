from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from perdure.store.sqlite import SqliteStore
from tests.records import empty_record

from .doubles import LocalBell, ToldClock
from .world import World


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """The real store over an empty file."""
    opened = SqliteStore(empty_record(tmp_path))
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ToldClock:
    """Time that is told."""
    return ToldClock()


@pytest.fixture
def hall() -> list[LocalBell]:
    """Where the bells of all processes hang."""
    return []


@pytest.fixture
def world(store: SqliteStore, clock: ToldClock, hall: list[LocalBell]) -> World:
    """An empty one."""
    return World(store, clock, hall)
