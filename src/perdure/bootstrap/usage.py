"""How much memory and processor processes use."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from perdure.health.samples import Use
from perdure.supervise.proc import processor_s, resident_bytes

AT_LEAST_S = 1.0
"""Over less time the kernel's ticks say too little."""


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    used_s: float
    share: float | None = None


class Usage:
    """Remembers the last reading of each process: what it uses is what it has used since. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._readings: dict[int, _Reading] = {}

    def forget_all_but(self, pids: Collection[int]) -> None:
        """These are all that there are."""
        self._readings = {pid: one for pid, one in self._readings.items() if pid in pids}

    def memory_bytes(self, pid: int) -> int | None:
        """What it holds for itself."""
        return resident_bytes(pid)

    def cpu(self, pid: int) -> float | None:
        """The share of one core since the reading before; None at the first one."""
        used_s = processor_s(pid)
        if used_s is None:
            return None
        now, last = self._clock(), self._readings.get(pid)
        if last is not None and now - last.at < AT_LEAST_S:
            return last.share
        share = None if last is None else max(0.0, used_s - last.used_s) / (now - last.at)
        self._readings[pid] = _Reading(now, used_s, share)
        return share


def use_of(pid: int) -> Use | None:
    """What the process with that id has; None where there is none, or where the kernel does not tell."""
    held, used_s = resident_bytes(pid), processor_s(pid)
    return None if held is None or used_s is None else Use(held, used_s)
