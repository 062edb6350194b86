"""The progress bar, the tables, and the JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from perdure.drill.options import Drilled
from perdure.drill.strikes import Blow
from perdure.drill.verdict import Fault, times

SHOWN_FINDINGS = 20
FAULTS_IN_ROW = 4


class Bar:
    """The progress bar; it leaves no trace on a terminal, and shows nothing anywhere else."""

    def __init__(self, console: Console, kills: int) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("drill", total=kills)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, what: str) -> None:
        """What is going on now."""
        self._progress.update(self._task, description=what)

    def struck(self, strikes: int, what: str) -> None:
        """So many strikes are done."""
        self._progress.update(self._task, completed=strikes, description=what)


def show(drilled: Drilled, console: Console) -> None:
    """The tables, and the breaches in words."""
    console.print(_kinds(drilled))
    console.print(_faults(drilled))
    zombies = sum(blow.zombie for blow in drilled.blows)
    console.print(
        f"{len(drilled.blows)} strikes (seed {drilled.options.seed}) in {drilled.took_s:.0f} s; {drilled.chats} chats, "
        f"{drilled.messages} messages, {drilled.characters} characters of replies; {zombies} zombies; "
        f"model: {drilled.model}",
        highlight=False,
    )
    if drilled.again:
        same = sum(again.same for again in drilled.again)
        console.print(
            f"asked again undisturbed, {same} of {len(drilled.again)} interrupted replies were the same to the letter",
            highlight=False,
        )
    for finding in drilled.findings[:SHOWN_FINDINGS]:
        console.print(f"[red]{finding.fault}[/red] {_where(finding.chat_id)}", end="")
        console.print(finding.detail, markup=False, highlight=False)
    if len(drilled.findings) > SHOWN_FINDINGS:
        console.print(f"… and {len(drilled.findings) - SHOWN_FINDINGS} more")
    if drilled.folder is not None:
        console.print(f"The server's data and logs are in {drilled.folder}", highlight=False)
    console.print("[red]BREACHED[/red]" if drilled.findings else "[green]held[/green]")


def document(drilled: Drilled) -> dict[str, Any]:
    """Everything as JSON. Durations are in seconds."""
    options = drilled.options
    counts = Counter(finding.fault for finding in drilled.findings)
    return {
        "held": not drilled.findings,
        "seed": options.seed,
        "kills": len(drilled.blows),
        "kills_planned": options.kills,
        "conversations": options.chats,
        "scripted": options.scripted,
        "model": drilled.model,
        "took_s": round(drilled.took_s, 3),
        "chats": drilled.chats,
        "messages": drilled.messages,
        "characters": drilled.characters,
        "zombies": sum(blow.zombie for blow in drilled.blows),
        "refused": drilled.refused,
        "again": [asdict(again) for again in drilled.again],
        "breaches": {str(fault): counts[fault] for fault in Fault},
        "takeover": {
            str(kind): {
                "strikes": len(blows),
                **asdict(times([watch for blow in blows for watch in blow.watches])),
            }
            for kind, blows in _by_kind(drilled).items()
        },
        "findings": [{**asdict(finding), "fault": str(finding.fault)} for finding in drilled.findings],
        "strikes": [_strike(blow) for blow in drilled.blows],
    }


def _kinds(drilled: Drilled) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("STRIKE")
    for title in ("TIMES", "CONVERSATIONS", "TAKEOVER p50", "p99", "MAX"):
        table.add_column(title, justify="right")
    for kind, blows in _by_kind(drilled).items():
        took = times([watch for blow in blows for watch in blow.watches])
        figures = (_seconds(took.p50_s), _seconds(took.p99_s), _seconds(took.max_s))
        table.add_row(str(kind), str(len(blows)), str(took.count), *figures)
    return table


def _faults(drilled: Drilled) -> Table:
    counts = Counter(finding.fault for finding in drilled.findings)
    # What counts connections is more telling than that there is a breach.
    counts[Fault.REFUSED] = drilled.refused
    table = Table(box=None, show_header=False)
    cells = [(str(fault).replace("_", " "), f"[red]{counts[fault]}[/red]" if counts[fault] else "0") for fault in Fault]
    for start in range(0, len(cells), FAULTS_IN_ROW):
        table.add_row(*(text for cell in cells[start : start + FAULTS_IN_ROW] for text in cell))
    return table


def _by_kind(drilled: Drilled) -> dict[Any, list[Blow]]:
    return {kind: [blow for blow in drilled.blows if blow.strike.kind is kind] for kind in drilled.kinds}


def _strike(blow: Blow) -> dict[str, Any]:
    strike = asdict(blow.strike)
    return {
        **strike,
        "kind": str(strike["kind"]),
        "moment": str(strike["moment"]),
        "victim": blow.victim,
        "pid": blow.pid,
        "at_s": blow.at_s,
        "zombie": blow.zombie,
        "takeovers": [
            {
                "conversation": watch.conversation,
                "turn_id": watch.turn_id,
                "attempt": watch.attempt,
                "took_s": watch.took_s,
            }
            for watch in blow.watches
        ],
    }


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _where(chat_id: str | None) -> str:
    return f"(chat {chat_id}) " if chat_id else ""
