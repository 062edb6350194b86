"""A connection to the SQLite file: how it is opened, locked and synced, and the records over it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perdure.store.archive import SqlArchive
from perdure.store.backends import SqlBackends
from perdure.store.characters import SqlCharacters
from perdure.store.chats import SqlChats
from perdure.store.database import Database
from perdure.store.events import SqlEvents
from perdure.store.messages import SqlMessages
from perdure.store.personas import SqlPersonas
from perdure.store.reports import SqlReports
from perdure.store.settings import SqlSettings
from perdure.store.traffic import SqlTraffic
from perdure.store.turns import SqlTurns
from perdure.store.unforeseen import SqlUnforeseen

BUSY_TIMEOUT_S = 5.0
"""How long to wait for somebody else who writes to the same file by other means (a backup, a shell)."""

AGAIN_S = 0.005
"""How soon it is tried again where SQLite itself does not wait."""


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
    unforeseen: SqlUnforeseen
    reports: SqlReports
    events: SqlEvents
    traffic: SqlTraffic

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
            SqlUnforeseen(db),
            SqlReports(db),
            SqlEvents(db),
            SqlTraffic(db),
        )


class File:
    """A thread's own connection to the file, and what goes with it.

    One that is not `patient` never waits for others, nor for the disk: it raises BlockingIOError or the driver's
    OperationalError instead, syncs nothing, and leaves it to the patient ones to clear the log away.
    """

    def __init__(self, path: Path, *, patient: bool = True) -> None:
        self._patient = patient
        self._raw = connect(path, BUSY_TIMEOUT_S if patient else 0.0)
        self.records = SqlRecords.over(Database(self._raw))
        self._syncs: bool | None = None
        if not patient:
            self._raw.execute("PRAGMA wal_autocheckpoint=0")
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
        fcntl.flock(self._lock_fd, fcntl.LOCK_EX if self._patient else fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            fcntl.flock(self._lock_fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file; never raises."""
        with contextlib.suppress(Exception):
            self._raw.close()
        os.close(self._lock_fd)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of what is done within, or nothing."""
        with self.alone_among_writers():
            self.run("BEGIN IMMEDIATE")
            try:
                yield
                self.run("COMMIT")
            except BaseException:
                with contextlib.suppress(Exception):
                    self.run("ROLLBACK")
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read what stands now, whatever is written meanwhile."""
        self.run("BEGIN")
        try:
            yield
        finally:
            self.run("ROLLBACK")


def connect(path: Path, patience_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """A connection in autocommit mode, so that transactions are opened by name.

    WAL: readers never wait. Text goes through as it is; foreign keys hold. `folded` is there for searching in any case:
    SQLite itself knows that of ASCII letters only.
    """
    raw = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
    try:
        _keep_a_log(raw, patience_s)
    except BaseException:
        raw.close()
        raise
    raw.execute(f"PRAGMA busy_timeout={int(patience_s * 1000)}")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute("PRAGMA cache_size=-16384")
    raw.execute("PRAGMA temp_store=MEMORY")
    raw.create_function("folded", 1, str.casefold, deterministic=True)
    return raw


def _keep_a_log(raw: sqlite3.Connection, patience_s: float) -> None:
    """Have the file in WAL mode. A new one is not yet, and those who open it first all want it alone for a moment: of
    two such SQLite refuses one at once, whatever its timeout.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # The low byte: a log that somebody is just reading in after a crash is SQLITE_BUSY_RECOVERY.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
        time.sleep(AGAIN_S)


def clear_log(path: Path) -> None:
    """Write the log back into the file as far as no reader needs it, and wait for nobody. Raises sqlite3.Error."""
    with contextlib.closing(connect(path, 0.0)) as raw:
        raw.execute("PRAGMA wal_checkpoint(PASSIVE)")
