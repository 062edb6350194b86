"""SQLite: one file, one writing thread and one reading thread in each process.

What is brief runs in the event loop's own thread, as long as nothing is in its way: waking another thread and being
woken by it take longer than a claim does.

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
import queue
import sqlite3
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from perdure.core.errors import Conflict, PerdureError, StoreFull, StoreUnavailable
from perdure.ports.bell import Bell, Hint
from perdure.ports.store import Records
from perdure.store.file import File, clear_log

T = TypeVar("T")

MAX_BATCH = 256
"""Transactions that are committed together at most, so that nobody holds the lock for long."""

_TAKEN = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)
"""What SQLite says when an id is used twice: a client took one that follows from another (`engine.identity`)."""


@dataclass(slots=True)
class _Job:
    work: Callable[[Records], Any]
    durable: bool
    hints: Collection[Hint]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    done: bool = False

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
        self._brief: File | None = None
        self._latest_write: _Job | None = None
        self._threads = [
            threading.Thread(
                target=self._run, args=(self._writes, self._write_batch), name="store-writer", daemon=True
            ),
            threading.Thread(target=self._run, args=(self._reads, self._read_batch), name="store-reader", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    async def write(
        self,
        work: Callable[[Records], T],
        *,
        durable: bool = True,
        brief: bool = False,
        hints: Collection[Hint] = (),
    ) -> T:
        overtakes = self._latest_write is not None and not self._latest_write.done
        if brief and not durable and not hints and not overtakes:
            with contextlib.suppress(sqlite3.Error, OSError):
                return self._at_once(work, writes=True)
        return await self._enqueue(self._writes, work, durable, hints)

    async def read(self, work: Callable[[Records], T], *, brief: bool = False) -> T:
        if brief:
            with contextlib.suppress(sqlite3.Error, OSError):
                return self._at_once(work, writes=False)
        return await self._enqueue(self._reads, work)

    def _at_once(self, work: Callable[[Records], T], *, writes: bool) -> T:
        """Run a brief transaction here and now. Raises sqlite3.Error or OSError where it would have to wait, or where
        anything is wrong: those who have time find out what.
        """
        file = self._brief = self._brief or File(self._path, patient=False)
        file.sync_at_commit(False)
        try:
            with file.transaction() if writes else file.snapshot():
                return work(file.records)
        except sqlite3.Error:
            file.close()
            self._brief = None
            raise

    async def clear_log(self) -> None:
        """Write the log back into the file as far as nobody is in the way, so that reading gets shorter ways."""
        with contextlib.suppress(sqlite3.Error):
            await asyncio.to_thread(clear_log, self._path)

    async def close(self) -> None:
        """Finish what is queued and let go of the file."""
        for jobs in (self._writes, self._reads):
            jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        if self._brief is not None:
            self._brief.close()
            self._brief = None

    async def _enqueue(
        self,
        jobs: queue.SimpleQueue[_Job | None],
        work: Callable[[Records], T],
        durable: bool = False,
        hints: Collection[Hint] = (),
    ) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = _Job(work, durable, hints, loop, future)
        if jobs is self._writes:
            self._latest_write = job
        jobs.put(job)
        return await future

    def _run(self, jobs: queue.SimpleQueue[_Job | None], run_batch: Callable[[File, list[_Job]], None]) -> None:
        file: File | None = None
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
                file = file or File(self._path)
                run_batch(file, batch)
            except BaseException as error:
                translated = _translate(error)
                for waiting in batch:
                    waiting.error = translated
                if file is not None:
                    file.close()
                    file = None
            self._ring(batch)
            for job in batch:
                job.done = True
            _resolve(batch)
        if file is not None:
            file.close()

    def _ring(self, batch: list[_Job]) -> None:
        if self._bell is not None:
            for hint in {hint for job in batch if job.error is None for hint in job.hints}:
                self._bell.ring(hint)

    @staticmethod
    def _write_batch(file: File, batch: list[_Job]) -> None:
        file.sync_at_commit(any(job.durable for job in batch))
        with file.transaction():
            for job in batch:
                _step(file, job)

    @staticmethod
    def _read_batch(file: File, batch: list[_Job]) -> None:
        for job in batch:
            with file.snapshot():
                try:
                    job.result = job.work(file.records)
                except Exception as error:
                    job.error = _translate(error)


def _step(file: File, job: _Job) -> None:
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
