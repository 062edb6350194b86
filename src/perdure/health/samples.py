"""What takes a look at the disk or at `/proc` to be known: looked at now and then, in a thread, never for who asks."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from perdure.core.errors import StoreFull, StoreUnavailable
from perdure.ports.store import Store

log = structlog.get_logger()

EVERY_S = 5.0
SOON_S = 0.5
"""How soon again while nothing is known of any process yet."""
READ_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has of the machine: memory in bytes, and processor time since it began, in seconds."""

    resident_bytes: int
    cpu_s: float


UseOf = Callable[[int], Use | None]
"""What the process with that id has; None where there is none, or where that cannot be known."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. `uses` are by the process's name; None is what could not be found out."""

    uses: Mapping[str, Use] = field(default_factory=dict)
    store_bytes: int | None = None
    disk_free_bytes: int | None = None


class Samples:
    """Samples of the installation whose record is at `path`; `rows` is the supervisor's list, as it was seen last, and
    `use_of` tells of a process by its id.
    """

    def __init__(
        self, store: Store, path: Path, rows: Callable[[], Sequence[Mapping[str, Any]]], use_of: UseOf
    ) -> None:
        self._store = store
        self._path = path
        self._rows = rows
        self._use_of = use_of
        self._known: Mapping[str, int] | None = None
        self.last = Sample()
        self.unforeseen = 0
        """Exceptions that nobody foresaw, since this process began."""

    async def run(self) -> None:
        """Look for ever; cancel to end."""
        while True:
            pids = {str(row["name"]): int(row["pid"]) for row in self._rows() if row["pid"] is not None}
            self.last = await asyncio.to_thread(sample, pids, self._path, self._use_of)
            try:
                async with asyncio.timeout(READ_WITHIN_S):
                    self.seen(await self._store.read(lambda records: records.unforeseen.times()))
            except (StoreUnavailable, StoreFull, TimeoutError):
                log.debug("what nobody foresaw could not be counted")
            await asyncio.sleep(EVERY_S if pids else SOON_S)

    def seen(self, times: Mapping[str, int]) -> None:
        """Count by how much the groups have grown: one that is marked as mended is forgotten, and begins again."""
        if self._known is not None:
            for group, count in times.items():
                before = self._known.get(group, 0)
                self.unforeseen += count - before if count >= before else count
        self._known = times


def sample(pids: Mapping[str, int], path: Path, use_of: UseOf) -> Sample:
    """Look at the processes with these ids, at the record's files and at their disk."""
    uses = {name: use for name, pid in pids.items() if (use := use_of(pid)) is not None}
    return Sample(uses, _bytes_of(path), _free_bytes(path.parent))


def _bytes_of(path: Path) -> int | None:
    """The record with its write-ahead log; None where there is no record."""
    try:
        size = path.stat().st_size
    except OSError:
        return None
    try:
        return size + path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return size


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
