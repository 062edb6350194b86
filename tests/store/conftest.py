from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from perdure.core.characters import Character
from perdure.core.records import Chat, StoredCharacter
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore
from tests.records import empty_record


def begin(records: Records) -> None:
    """A chat to write into."""
    records.characters.add(StoredCharacter("ada", Character("Ada"), None, None, 0.0, 0.0), None)
    records.chats.add(Chat("chat", "chat", ("ada",), None, None, 0.0, 0.0))


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database file with one chat in it."""
    path = empty_record(tmp_path)
    store = SqliteStore(path)
    await store.write(begin)
    await store.close()
    return path


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A store over it."""
    opened = SqliteStore(path)
    yield opened
    await opened.close()
