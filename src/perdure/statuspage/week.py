"""When it is busy, by the hour of the week: as a chart and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perdure.core.busy import HOURS, quiet_hours
from perdure.core.report import BusyHour
from perdure.statuspage.words import DAYS

STEPS = 5
"""So many shades tell an hour's load."""

STRETCH_H = 3
"""Quiet hours are named where so many follow one another."""

NAMED = 4
"""No more stretches than these are named, the longest ones."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week as it is drawn: `rows` are days, each with its name and 24 cells; `busiest` and `quiet` are in words,
    empty where no hour is busier than others, and where no quiet ones follow one another.
    """

    rows: Sequence[Mapping[str, Any]]
    busiest: str
    quiet: str


def week(busy: Sequence[BusyHour]) -> Week | None:
    """None while there is not enough history."""
    quiet = {one.hour for one in quiet_hours(busy)}
    if not quiet:
        return None
    top = max(busy, key=lambda one: one.replies)
    cells = [_cell(one, top.replies, one.hour in quiet) for one in busy]
    rows = [{"name": name, "cells": cells[n * 24 : n * 24 + 24]} for n, name in enumerate(DAYS)]
    busiest = f"{_when(top.hour)} UTC ({top.replies:.1f} an hour)" if len(quiet) < HOURS else ""
    return Week(rows, busiest, "; ".join(_named(quiet)))


def _cell(one: BusyHour, most: float, quiet: bool) -> Mapping[str, Any]:
    step = round((STEPS - 1) * one.replies / most) if most else 0
    said = f"{_when(one.hour)} UTC: {one.replies:.1f} an hour{', quiet' if quiet else ''}"
    return {"step": step, "said": said}


def _named(quiet: set[int]) -> Iterator[str]:
    """The longest stretches of quiet hours; those at the same time of several days are named together."""
    together: dict[tuple[int, int], list[int]] = {}
    for begin, length in _stretches(quiet):
        if length >= STRETCH_H:
            together.setdefault((begin % 24, length), []).append(begin)
    longest = sorted(together.items(), key=lambda one: -one[0][1] * len(one[1]))[:NAMED]
    for (hour, length), begins in longest:
        if length >= 24:
            yield ", ".join(f"{_when(begin)} to {_when((begin + length) % HOURS)} UTC" for begin in begins)
            continue
        days = [DAYS[begin // 24] for begin in begins]
        on = "every day" if len(days) == len(DAYS) else f"on {', '.join(days)}"
        yield f"{hour:02}:00 to {(hour + length) % 24:02}:00 UTC {on}"


def _stretches(quiet: set[int]) -> Iterator[tuple[int, int]]:
    """(first hour, how many), in the order of the week, which goes on from Sunday to Monday."""
    for begin in sorted(hour for hour in quiet if (hour - 1) % HOURS not in quiet):
        length = next(n for n in range(1, HOURS) if (begin + n) % HOURS not in quiet)
        yield begin, length


def _when(hour: int) -> str:
    return f"{DAYS[hour // 24]} {hour % 24:02}:00"
