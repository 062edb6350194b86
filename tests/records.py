"""Records to begin with. To make one takes a second, so each kind is made once and copied."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from perdure.bootstrap.clock import SystemClock
from perdure.bootstrap.seed import seed_cast
from perdure.store.migrate import upgrade
from perdure.store.sqlite import SqliteStore

NAME = "perdure.db"


def empty_record(folder: Path) -> Path:
    """A new one at this version's schema, in that folder; nothing of an older one stays."""
    return _laid(folder, _empty())


def first_record(folder: Path) -> Path:
    """A new one as the first start leaves it: with the starter cast."""
    return _laid(folder, _first())


def _laid(folder: Path, content: bytes) -> Path:
    for beside in ("-wal", "-shm"):
        (folder / f"{NAME}{beside}").unlink(missing_ok=True)
    path = folder / NAME
    path.write_bytes(content)
    return path


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        upgrade(path)
        return path.read_bytes()


@functools.cache
def _first() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = empty_record(Path(folder))
        # In a thread of its own: whoever asks may have an event loop already.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _seed(path)).result()
        return path.read_bytes()


async def _seed(path: Path) -> None:
    store = SqliteStore(path)
    try:
        await seed_cast(store, SystemClock())
    finally:
        await store.close()
