"""Figures: percentiles, tables, the command line that all benchmarks share, and the machine they ran on."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie, by the nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked) + 0.5) - 1))]


def summary(values: Sequence[float]) -> dict[str, float]:
    """How many, and where they lie."""
    if not values:
        return {"n": 0}
    return {
        "n": len(values),
        "p50": round(percentile(values, 0.5), 3),
        "p90": round(percentile(values, 0.9), 3),
        "p99": round(percentile(values, 0.99), 3),
        "max": round(max(values), 3),
    }


def median(values: Sequence[float]) -> float:
    """The median, to three places."""
    return round(statistics.median(values), 3)


def arguments(doc: str | None, rounds: int, **more: float | str) -> argparse.Namespace:
    """`--rounds N --json FILE`, and a number for each further name."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=rounds, help="interleaved rounds  [default: %(default)s]")
    waiting = "seconds to wait, before each round, for others to leave the machine alone"
    parser.add_argument("--quiet-s", type=float, default=0.0, help=waiting)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    for name, value in more.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(value), default=value, help="[default: %(default)s]")
    return parser.parse_args()


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown; figures to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def write(path: Path | None, figures: dict[str, Any]) -> None:
    """Keep the figures, with the machine and the load that it was under."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"machine": machine(), **figures}, indent=1))


def say(text: str) -> None:
    """Progress, for whoever watches."""
    print(f"{time.strftime('%H:%M:%S')} load {os.getloadavg()[0]:.2f}  {text}", file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What the figures hold for."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    folder = subprocess.run(["stat", "-f", "-c", "%T", "."], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "cpu": cpu[0] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "filesystem": folder,
        "load_1min": round(os.getloadavg()[0], 2),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"
    return str(value)
