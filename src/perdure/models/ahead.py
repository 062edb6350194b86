"""Reading ahead, by one worker at a time, and until a reply has to be read for.

A lock on a file, so that whoever dies lets go; and the file's time, which a reply changes to call the reading off.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.01


class ReadBySomebodyError(Exception):
    """Another worker reads ahead."""


@contextmanager
def reading(root: Path) -> Iterator[Callable[[], bool]]:
    """Read ahead; what is given tells whether that was called off. Raises ReadBySomebodyError, or OSError."""
    lock = os.open(root / "ahead", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReadBySomebodyError from None
        began = os.fstat(lock).st_mtime_ns
        yield lambda: os.fstat(lock).st_mtime_ns != began
    finally:
        os.close(lock)


async def call_off(root: Path, patience_s: float) -> None:
    """Have whoever reads ahead end it, and wait until it has, but not for ever. Raises OSError."""
    lock = os.open(root / "ahead", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + patience_s
    try:
        os.utime(lock)
        while time.monotonic() < until:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                await asyncio.sleep(POLL_S)
    finally:
        os.close(lock)
