"""How much of the machine somebody else uses meanwhile: on a shared one, a figure without this says little."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from bench.processes import TICK_S, cpu_s, descendants

CALM = 0.1
"""Cores that others may use for the machine to count as quiet."""


class Bystanders:
    """Cores that processes other than this one and its descendants (the kernel's work too) used since it was made."""

    def __init__(self) -> None:
        self._began = (time.monotonic(), _busy_s(), _own_s())

    def cores(self) -> float:
        """The mean since the start; 1.0 is one core all the time."""
        at, busy_s, own_s = self._began
        others_s = (_busy_s() - busy_s) - (_own_s() - own_s)
        return round(max(0.0, others_s) / max(0.001, time.monotonic() - at), 2)


async def quiet(patience_s: float, calm_s: float = 3.0) -> None:
    """Wait until others have left the machine alone for `calm_s`; after `patience_s` go on all the same."""
    until = time.monotonic() + patience_s
    calm_at = time.monotonic()
    while time.monotonic() < until and time.monotonic() - calm_at < calm_s:
        watched = Bystanders()
        await asyncio.sleep(0.5)
        if watched.cores() > CALM:
            calm_at = time.monotonic()


def _busy_s() -> float:
    """CPU seconds of the whole machine since it started, idle and waiting left out."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) * TICK_S


def _own_s() -> float:
    return sum(cpu_s(pid) for pid in descendants(os.getpid()))
