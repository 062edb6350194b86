"""What a tree of processes costs, from /proc (Linux)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """In MiB. `pss` shares out what several processes map, so that the sum over processes means something."""

    rss: float
    pss: float


def descendants(pid: int) -> list[int]:
    """A process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        queue += children.get(one, [])
    return found


def cpu_s(pid: int) -> float:
    """User and system seconds of a process and of its children that were waited for; 0 when it is gone."""
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) * TICK_S if fields else 0.0


def cpu_of(pids: Mapping[str, int]) -> dict[str, float]:
    """`cpu_s` of each."""
    return {name: cpu_s(pid) for name, pid in pids.items()}


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """The CPU seconds between two readings."""
    return {name: round(after[name] - before[name], 3) for name in after}


def memory_of(pids: Mapping[str, int]) -> dict[str, Memory]:
    """The memory of each process."""
    return {name: _memory(pid) for name, pid in pids.items()}


def _memory(pid: int) -> Memory:
    values: dict[str, float] = {}
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        values[name] = int(rest.split()[0]) / 1024
    return Memory(round(values["Rss"], 1), round(values["Pss"], 1))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may hold blanks itself; empty when it is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
