from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from perdure.ports.store import Store
from perdure.store.sqlite import SqliteStore
from tests.records import empty_record


async def open_sqlite(folder: Path) -> Store:
    """A fresh SQLite file."""
    return SqliteStore(empty_record(folder))


ADAPTERS: dict[str, Callable[[Path], Awaitable[Store]]] = {"sqlite": open_sqlite}


@pytest.fixture(params=sorted(ADAPTERS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    opened = await ADAPTERS[request.param](tmp_path)
    yield opened
    await opened.close()
