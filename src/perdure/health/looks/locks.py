"""Who holds a lock on the record, as the kernel tells it (Linux)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path("/proc/locks")

WRITE_LOCK_BYTE = 120
"""Where SQLite locks the shared-memory file for writing in WAL mode (https://sqlite.org/walformat.html#wal_locks)."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a lock."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.name})"


def holders(database: Path) -> Sequence[Holder]:
    """Those that keep others from writing; none where the kernel does not say."""
    queue, shared = database.with_name(database.name + "-writer"), database.with_name(database.name + "-shm")
    pids: list[int] = []
    with suppress(OSError, ValueError):
        inodes = {file.stat().st_ino: file for file in (queue, shared) if file.exists()}
        for line in LOCKS.read_text().splitlines():
            pid = _holder(line, inodes, shared)
            if pid is not None and pid not in pids:
                pids.append(pid)
    return [Holder(pid, _name(pid)) for pid in pids]


def _holder(line: str, inodes: dict[int, Path], shared: Path) -> int | None:
    """The holder of a line like `1: POSIX  ADVISORY  WRITE 812 fe:00:132 120 120`; None where it is not about ours."""
    fields = line.split()
    if len(fields) < 8 or fields[1] == "->" or fields[3] != "WRITE":
        return None
    pid, file = int(fields[4]), inodes.get(int(fields[5].rpartition(":")[2]))
    if file is None or pid <= 0 or (file == shared and fields[6] != str(WRITE_LOCK_BYTE)):
        return None
    return pid


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "unknown"
