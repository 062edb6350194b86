"""SQLite: one file, one writing thread and one reading thread in each process.

Why not aiosqlite: it crosses a thread for every statement. Here a whole transaction crosses once, and transactions that
wait together are committed together, so that one `fsync` makes all of them durable (group commit). Each keeps its own
savepoint: one that fails takes no other with it.

Between processes, writers queue at a lock file rather than at SQLite's own lock: the kernel wakes the next at once,
where SQLite would sleep and poll. The kernel also lets go of it when its holder dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from perdure.core.errors import Conflict, PerdureError, StoreFull, StoreUnavailable
from perdure.ports.bell import Bell, Hint
from perdure.ports.store import Records
from perdure.store.archive import SqlArchive
from perdure.store.backends import SqlBackends
from perdure.store.characters import SqlCharacters
from perdure.store.chats import SqlChats
from perdure.store.database import Database
from perdure.store.events import SqlEvents
from perdure.store.messages import SqlMessages
from perdure.store.personas import SqlPersonas
from perdure.store.settings import SqlSettings
from perdure.store.turns import SqlTurns

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0
"""How long to wait for somebody else who writes to the same file by other means (a backup, a shell)."""

MAX_BATCH = 256
"""Transactions that are committed together at most, so that nobody holds the lock for long."""

_TAKEN = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)
"""What SQLite says when an id is used twice: a client took one that follows from another (`engine.identity`)."""


@dataclass(frozen=True, slots=True)
class SqlRecords:
    """All aggregates over one connection."""

    turns: SqlTurns
    messages: SqlMessages
    chats: SqlChats
    characters: SqlCharacters
    personas: SqlPersonas
    settings: SqlSettings
    backends: SqlBackends
    archive: SqlArchive
    events: SqlEvents

    @classmethod
    def over(cls, db: Database) -> SqlRecords:
        """The records that `db` reads and writes."""
        return cls(
            SqlTurns(db),
            SqlMessages(db),
            SqlChats(db),
            SqlCharacters(db),
            SqlPersonas(db),
            SqlSettings(db),
            SqlBackends(db),
            SqlArchive(db),
            SqlEvents(db),
        )


@dataclass(slots=True)
class _Job:
    work: Callable[[Records], Any]
    durable: bool
    hints: Collection[Hint]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def resolve(self) -> None:
        """In the loop: hand over what came out, unless the caller has gone."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteStore:
    """The store port over one SQLite file. Open it in the event loop that uses it.

    The `bell` is rung from the thread that has committed: whoever waits for a hint should not have to wait for this
    process's event loop too, and transactions that were committed together are hinted at together.
    """

    def __init__(self, path: Path, bell: Bell | None = None) -> None:
        self._path = path
        self._bell = bell
        self._writes: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(
                target=self._run, args=(self._writes, self._write_batch), name="store-writer", daemon=True
            ),
            threading.Thread(target=self._run, args=(self._reads, self._read_batch), name="store-reader", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    async def write(self, work: Callable[[Records], T], *, durable: bool = True, hints: Collection[Hint] = ()) -> T:
        return await self._enqueue(self._writes, work, durable, hints)

    async def read(self, work: Callable[[Records], T]) -> T:
        return await self._enqueue(self._reads, work)

    async def close(self) -> None:
        """Finish what is queued and let go of the file."""
        for jobs in (self._writes, self._reads):
            jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    async def _enqueue(
        self,
        jobs: queue.SimpleQueue[_Job | None],
        work: Callable[[Records], T],
        durable: bool = False,
        hints: Collection[Hint] = (),
    ) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        jobs.put(_Job(work, durable, hints, loop, future))
        return await future

    def _run(self, jobs: queue.SimpleQueue[_Job | None], run_batch: Callable[[_File, list[_Job]], None]) -> None:
        file: _File | None = None
        closing = False
        while not closing:
            batch: list[_Job] = []
            job = jobs.get()
            while job is not None:
                batch.append(job)
                if len(batch) == MAX_BATCH or jobs.empty():
                    break
                job = jobs.get()
            closing = job is None
            if not batch:
                continue
            try:
                file = file or _File(self._path)
                run_batch(file, batch)
            except BaseException as error:
                translated = _translate(error)
                for waiting in batch:
                    waiting.error = translated
                if file is not None:
                    file.close()
                    file = None
            self._ring(batch)
            _resolve(batch)
        if file is not None:
            file.close()

    def _ring(self, batch: list[_Job]) -> None:
        if self._bell is not None:
            for hint in {hint for job in batch if job.error is None for hint in job.hints}:
                self._bell.ring(hint)

    @staticmethod
    def _write_batch(file: _File, batch: list[_Job]) -> None:
        file.sync_at_commit(any(job.durable for job in batch))
        with file.alone_among_writers():
            file.run("BEGIN IMMEDIATE")
            try:
                for job in batch:
                    _step(file, job)
                file.run("COMMIT")
            except BaseException:
                with contextlib.suppress(Exception):
                    file.run("ROLLBACK")
                raise

    @staticmethod
    def _read_batch(file: _File, batch: list[_Job]) -> None:
        for job in batch:
            file.run("BEGIN")
            try:
                job.result = job.work(file.records)
            except Exception as error:
                job.error = _translate(error)
            file.run("ROLLBACK")


class _File:
    """A thread's own connection to the file, and what goes with it."""

    def __init__(self, path: Path) -> None:
        self._raw = connect(path)
        self.records = SqlRecords.over(Database(self._raw))
        self._syncs: bool | None = None
        self._lock_fd = os.open(path.with_name(path.name + "-writer"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def run(self, statement: str) -> None:
        """Run a statement of transaction control."""
        self._raw.execute(statement)

    def sync_at_commit(self, wanted: bool) -> None:
        """FULL syncs the log at each commit; NORMAL leaves it to the next one that does."""
        if wanted is not self._syncs:
            self.run(f"PRAGMA synchronous={'FULL' if wanted else 'NORMAL'}")
            self._syncs = wanted

    @contextlib.contextmanager
    def alone_among_writers(self) -> Iterator[None]:
        """Hold the lock for which the writers of all processes queue."""
        fcntl.flock(self._lock_fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock_fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file; never raises."""
        with contextlib.suppress(Exception):
            self._raw.close()
        os.close(self._lock_fd)


def _step(file: _File, job: _Job) -> None:
    """Run one job of a batch so that its failure undoes nothing but itself."""
    file.run("SAVEPOINT step")
    try:
        job.result = job.work(file.records)
    except sqlite3.OperationalError:
        # Not this job's fault (a full disk, a damaged file): nothing of the batch can be trusted to be written.
        raise
    except Exception as error:
        job.error = _translate(error)
        file.run("ROLLBACK TO step")
    file.run("RELEASE step")


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, so that transactions are opened by name.

    WAL: readers never wait. Text goes through as it is; foreign keys hold. `folded` is there for searching in any case:
    SQLite itself knows that of ASCII letters only.
    """
    raw = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute("PRAGMA cache_size=-16384")
    raw.execute("PRAGMA temp_store=MEMORY")
    raw.create_function("folded", 1, str.casefold, deterministic=True)
    return raw


def _resolve(batch: list[_Job]) -> None:
    """Wake each loop once for all of its jobs."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job)

    def hand_over(jobs: list[_Job]) -> None:
        for job in jobs:
            job.resolve()

    for loop, jobs in by_loop.items():
        # The loop is closed when its process is going down: nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(hand_over, jobs)


def _translate(error: BaseException) -> BaseException:
    """What a failing database means to whoever asked."""
    if isinstance(error, PerdureError):
        return error
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "disk is full" in str(error):
        return StoreFull("There is no space left where Perdure keeps its record.")
    if getattr(error, "sqlite_errorcode", None) in _TAKEN:
        return Conflict("An id that this needs is taken by something else.")
    damaged = type(error) is sqlite3.DatabaseError
    if damaged or isinstance(error, (sqlite3.OperationalError, OSError)):
        known: BaseException = StoreUnavailable(
            "The file that holds the record is damaged." if damaged else "The record could not be written or read."
        )
        known.__cause__ = error
        return known
    return error
