"""Process ids and signals. A pid is used only through a pidfd, so that a signal never meets a process that was given
the number of a dead one."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Self

MARK = "PERDURE_DRILL"
"""A variable in the environment of everything that a drill starts, and of all that these start in their turn."""


class Target:
    """One living process. Raises ProcessLookupError where there is none."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._fd = os.pidfd_open(pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, signum: signal.Signals) -> bool:
        """Returns whether there was anybody left to hear it."""
        try:
            signal.pidfd_send_signal(self._fd, signum)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)


def alive(pid: int) -> bool:
    """Whether the process runs or is stopped; a dead one that nobody has reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def marked(mark: str) -> set[int]:
    """The processes with this mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    found: set[int] = set()
    for entry in os.listdir("/proc"):
        # Processes of others, and such as end while we look.
        with suppress(OSError):
            if entry.isdigit() and wanted in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                found.add(int(entry))
    return {pid for pid in found if alive(pid)}


def kill_all(pids: set[int]) -> None:
    """End them, whatever state they are in."""
    for pid in pids:
        with suppress(ProcessLookupError), Target(pid) as target:
            target.send(signal.SIGKILL)
