"""How much memory a process holds, as the kernel tells it (Linux; elsewhere nobody is judged by it)."""

from __future__ import annotations

import os
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int) -> int | None:
    """The memory that a process holds and shares with no file, in bytes; None where that cannot be known.

    Mapped files do not count: a model's weights are the page cache's, and given back when others need the room.
    """
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return None
    return (int(resident) - int(shared)) * _PAGE_BYTES
