"""What a process has of the machine, as the kernel tells it (Linux, proc(5); elsewhere nobody is judged by it)."""

from __future__ import annotations

import os
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int | None:
    """The memory that a process holds and shares with no file, in bytes; None where that cannot be known.

    Mapped files do not count: a model's weights are the page cache's, and given back when others need the room.
    """
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return None
    return (int(resident) - int(shared)) * _PAGE_BYTES


def processor_s(pid: int) -> float | None:
    """How much processor time a process has taken since it began, in seconds; None where that cannot be known."""
    try:
        # The name before the bracket may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    except (OSError, ValueError, IndexError):
        return None
