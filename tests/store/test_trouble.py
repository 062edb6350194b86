"""A disk that is full, a file that is locked, broken or gone: said truthfully, and mended when the cause is."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdure.core.errors import Conflict, StoreFull, StoreUnavailable
from perdure.core.records import Message, Role
from perdure.ports.store import Records
from perdure.store import file
from perdure.store.sqlite import SqliteStore
from tests.contract.busy import writing
from tests.records import empty_record

pytestmark = pytest.mark.anyio


def message(n: int, size: int = 1) -> Message:
    """A message of so many code points."""
    return Message(f"m{n}", "chat", None, Role.USER, None, "You", "x" * size, float(n))


def add(n: int, size: int = 1):  # type: ignore[no-untyped-def]
    """A transaction that adds one."""
    return lambda records: records.messages.add([message(n, size)])


def pragma(records: Records, what: str) -> int:
    """Ask SQLite itself."""
    return int(records.events.db.raw.execute(f"PRAGMA {what}").fetchone()[0])  # type: ignore[attr-defined]


async def fill(store: SqliteStore, size: int = 20_000) -> int:
    """Write until there is no room; returns how many messages were accepted."""
    for n in range(10_000):
        try:
            await store.write(add(n, size))
        except StoreFull as error:
            assert error.status == 507
            assert not error.saved
            return n
    raise AssertionError("it never got full")


async def intact(store: SqliteStore, count: int) -> bool:
    """Whether the first `count` messages are there and no other."""
    there = [await store.read(lambda r, n=n: r.messages.get(f"m{n}") is not None) for n in range(count + 3)]
    return there == [True] * count + [False] * 3


async def test_a_full_database_says_so_and_recovers(store: SqliteStore) -> None:
    """What was accepted stays readable; when there is room again, writing goes on without a restart."""
    pages = await store.write(lambda r: pragma(r, "page_count"))
    await store.write(lambda r: pragma(r, f"max_page_count={pages + 60}"))
    accepted = await fill(store)
    assert accepted > 0
    assert await intact(store, accepted)
    # The store lets go of a connection that failed, and with it of the limit.
    await store.write(add(accepted, 200_000))
    assert await intact(store, accepted + 1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_says_so_and_recovers(path: Path, small_disk: Path) -> None:
    """The same on a disk that really has no room, with something else on it that can be removed."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 500_000)
    shutil.copy(path, small_disk / "perdure.db")
    store = SqliteStore(small_disk / "perdure.db")
    accepted = await fill(store)
    assert accepted > 0
    assert await intact(store, accepted)
    ballast.unlink()
    await store.write(add(accepted, 20_000))
    assert await intact(store, accepted + 1)
    await store.close()


async def test_a_write_that_the_kernel_refuses_is_told_and_recovered_from(store: SqliteStore, path: Path) -> None:
    """An input/output error in the middle of a commit loses nothing that was accepted before."""
    await store.write(add(0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("perdure.db-wal").stat().st_size, hard))
    try:
        with pytest.raises((StoreUnavailable, StoreFull)):
            await store.write(add(1, 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert await intact(store, 1)
    await store.write(add(1, 100_000))
    assert await intact(store, 2)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else (a backup, a shell) who is writing."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


async def test_a_locked_file_is_waited_for(store: SqliteStore, path: Path) -> None:
    """Somebody else's short transaction is nobody's error."""
    with locked(path) as other:
        writing = asyncio.ensure_future(store.write(add(0)))
        assert await store.read(lambda r: r.messages.get("m0")) is None, "reads go on"
        other.execute("COMMIT")
        await writing
    assert await intact(store, 1)


async def test_a_file_that_stays_locked_is_unavailable_and_then_available(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller hears of it in time to tell its client to try again; nothing was written."""
    monkeypatch.setattr(file, "BUSY_TIMEOUT_S", 0.05)
    store = SqliteStore(path)
    with locked(path):
        with pytest.raises(StoreUnavailable) as caught:
            await store.write(add(0))
        assert caught.value.status == 503
        assert not caught.value.saved
        assert await store.read(lambda r: r.messages.get("m0")) is None
    await store.write(add(0))
    assert await intact(store, 1)
    await store.close()


@pytest.mark.parametrize("content", [None, b"", b"not a database at all, by no means" * 100])
async def test_a_file_that_is_no_record_is_an_error_and_not_a_hang(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty or overwritten: whoever asks is told."""
    path = tmp_path / "perdure.db"
    if content is not None:
        path.write_bytes(content)
    store = SqliteStore(path)
    with pytest.raises(StoreUnavailable):
        await store.write(add(0))
    with pytest.raises(StoreUnavailable):
        await store.read(lambda r: r.messages.get("m0"))
    await store.close()


async def test_an_id_that_is_taken_is_a_conflict(store: SqliteStore) -> None:
    """Not an accident of the server: the client named something that exists."""
    await store.write(add(0))
    with pytest.raises(Conflict):
        await store.write(add(0))


async def test_durable_commits_are_synced(store: SqliteStore) -> None:
    """Promise 1: `synchronous` is FULL (2) for each commit that anything durable is in, NORMAL (1) for the others."""

    def level(records: Records) -> int:
        return pragma(records, "synchronous")

    assert await store.write(level) == 2
    assert await store.write(level, durable=False) == 1
    assert await store.write(level) == 2
    async with writing(store, durable=False):
        together = [asyncio.ensure_future(store.write(level, durable=durable)) for durable in (False, True, False)]
    assert await asyncio.gather(*together) == [2, 2, 2]


async def test_closing_finishes_what_was_asked(path: Path) -> None:
    """A process that ends in good order drops nothing."""
    store = SqliteStore(path)
    asked = [asyncio.ensure_future(store.write(add(n))) for n in range(20)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*asked)
    again = SqliteStore(path)
    assert await intact(again, 20)
    await again.close()


def test_a_new_record_is_opened_by_several_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not in WAL mode yet, and somebody reads it: whoever has time waits for that, and nobody else does."""
    path = empty_record(tmp_path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM chats").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            file.connect(path, 0.0)
        monkeypatch.setattr("perdure.store.file.time.sleep", lambda _: other.execute("ROLLBACK"))
        with contextlib.closing(file.connect(path)) as raw:
            assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
