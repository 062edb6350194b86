from __future__ import annotations

import functools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from perdure.ports.store import Store
from perdure.store.migrate import upgrade
from perdure.store.sqlite import SqliteStore


@functools.cache
def migrated() -> bytes:
    """An empty SQLite database at this version's schema: migrated once, copied for each test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "perdure.db"
        upgrade(path)
        return path.read_bytes()


async def open_sqlite(folder: Path) -> Store:
    """A fresh SQLite file."""
    path = folder / "perdure.db"
    path.write_bytes(migrated())
    return SqliteStore(path)


ADAPTERS: dict[str, Callable[[Path], Awaitable[Store]]] = {"sqlite": open_sqlite}


@pytest.fixture(params=sorted(ADAPTERS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    opened = await ADAPTERS[request.param](tmp_path)
    yield opened
    await opened.close()
