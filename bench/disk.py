"""What the disk itself takes to make a write durable: nothing that is durable can be faster."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = b"\0" * 4096


def fdatasync_rate(folder: Path, seconds: float) -> float:
    """Durable writes per second: 4 KiB behind the end of a file, then `fdatasync`, one after the other."""
    with _file(folder) as fd:
        began = time.perf_counter()
        count = 0
        while time.perf_counter() - began < seconds:
            os.pwrite(fd, BLOCK, count * len(BLOCK))
            os.fdatasync(fd)
            count += 1
        return count / (time.perf_counter() - began)


async def fdatasync_ms(folder: Path, count: int) -> list[float]:
    """What single such writes take, with pauses of 30 to 60 ms between them: a disk that rests wakes up more slowly."""
    times: list[float] = []
    with _file(folder) as fd:
        for n in range(count):
            await asyncio.sleep(random.uniform(0.03, 0.06))
            began = time.perf_counter()
            os.pwrite(fd, BLOCK, n * len(BLOCK))
            os.fdatasync(fd)
            times.append((time.perf_counter() - began) * 1000)
    return times


@contextmanager
def _file(folder: Path) -> Iterator[int]:
    path = folder / "fdatasync"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        yield fd
    finally:
        os.close(fd)
        path.unlink()
