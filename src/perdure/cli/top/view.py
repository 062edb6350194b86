"""What `perdure top` shows, drawn from an overview. Pure: the time comes with the overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from perdure.cli.chat.harmless import harmless_line
from perdure.client.shapes import Overview
from perdure.core.estimate import span
from perdure.core.report import Indicator
from perdure.statuspage.words import INDICATORS, count

TURNS, INCIDENTS = 8, 5
"""So many are shown at most."""

KEYS = "↑ ↓ choose   r restart   p pause   d drain   q leave"
WIDTH_OF_TITLE = 40


@dataclass(frozen=True, slots=True)
class View:
    """All that is on the screen. `chosen` is a process by its name; `question` waits for a y; `said` is what came of
    the last thing; `trouble` is why the overview is old.
    """

    overview: Overview
    chosen: str = ""
    question: str = ""
    said: str = ""
    trouble: str = ""

    def names(self) -> Sequence[str]:
        """The processes that can be chosen."""
        return [one["name"] for one in self.overview["processes"] if one["role"] != "supervisor"]


def draw(view: View, *, keys: bool = True) -> RenderableType:
    """The screen."""
    seen = view.overview
    parts: list[RenderableType] = [_head(view), _orders(seen), Text(), _processes(view), Text(), _turns(seen)]
    if seen["incidents"]:
        parts += [Text(), _incidents(seen)]
    foot = view.question or view.said or (KEYS if keys else "")
    if foot:
        parts += [Text(), Text(harmless_line(foot), style="bold reverse" if view.question else "dim")]
    return Group(*(part for part in parts if part is not None))


def _head(view: View) -> Text:
    seen = view.overview
    indicator = Indicator(seen["indicator"])
    style = "bold" if indicator in (Indicator.NONE, Indicator.MAINTENANCE) else "bold red"
    at = datetime.fromisoformat(seen["at"]).astimezone().strftime("%H:%M:%S")
    head = Text.assemble((f"Perdure {seen['version']}  ", "dim"), (INDICATORS[indicator], style), (f"  {at}", "dim"))
    if view.trouble:
        head.append(f"  old: {harmless_line(view.trouble)}", style="yellow")
    return head


def _orders(seen: Overview) -> Text:
    told = []
    if seen["pause"]:
        told.append(f"No new messages are taken, by {seen['pause']['by']}.")
    if seen["drain"]:
        told.append(f"No further replies are taken up, by {seen['drain']['by']}.")
    told += [
        f"{one['name']} is under maintenance, by {one['maintenance']['by']}."
        for one in seen["backends"]
        if one["maintenance"]
    ]
    style = "yellow" if told else "dim"
    if seen["exceptions"]:
        told.append(f"{count(seen['exceptions'], 'unforeseen failure', 'unforeseen failures')}.")
    if seen["reports"]:
        told.append(f"{count(seen['reports'], 'report', 'reports')} of people.")
    return Text(harmless_line(" ".join(told)), style=style)


def _processes(view: View) -> Table:
    table = _table(" NAME", "STATE", "FOR", "RESTARTS", "MEMORY", "CPU", right=(3, 4, 5))
    for one in view.overview["processes"]:
        chosen = one["name"] == view.chosen
        ill = one["needs_operator"] or one["state"] in ("hung", "escalated")
        memory = "-" if one["memory_bytes"] is None else f"{one['memory_bytes'] / 1e6:.0f} MB"
        cpu = "-" if one["cpu"] is None else f"{one['cpu']:.0%}"
        row = (one["name"], one["state"], _for(one["since"], view.overview), str(one["restarts"]), memory, cpu)
        mark = "›" if chosen else " "
        table.add_row(mark + row[0], *row[1:], style="reverse" if chosen else "red" if ill else "")
    return table


def _turns(seen: Overview) -> RenderableType:
    turns: list[dict[str, Any]] = seen["turns"]
    writing = sum(one["worker"] is not None for one in turns)
    waiting = max(seen["queue"]["waiting"], len(turns) - writing)
    if not writing + waiting:
        return Text("Nothing is being written, and nothing waits.", style="dim")
    table = _table(" WRITES", "CHAT", "FOR", "CHARACTERS", right=(3,))
    for one in turns[:TURNS]:
        title = harmless_line(one["chat"])[:WIDTH_OF_TITLE]
        table.add_row(f" {one['worker'] or '(waits)'}", title, _for(one["since"], seen), str(one["length"]))
    left = seen["queue"]["left"]
    wait = f", one more would wait {span(left['median_s'])}" if left and waiting else ""
    return Group(Text(f" {writing} being written, {waiting} waiting{wait}"), table)


def _incidents(seen: Overview) -> RenderableType:
    lines = []
    for one in seen["incidents"][:INCIDENTS]:
        needs = ", needs you" if one["needs_operator"] else ""
        head = f" {harmless_line(one['headline'])}, for {_for(one['opened_at'], seen)}, {one['stage']}{needs}"
        lines.append(Text(head, style="red", no_wrap=True, overflow="ellipsis"))
        last = harmless_line(one["story"][-1]["text"]) if one["story"] else ""
        lines.append(Text(f"   {last}", style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def _table(*titles: str, right: Sequence[int] = ()) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for n, title in enumerate(titles):
        table.add_column(title, justify="right" if n in right else "left", no_wrap=True, overflow="ellipsis")
    return table


def _for(since: str, seen: Overview) -> str:
    """How long ago an instant was, by the server's clock."""
    return span(max(0.0, (datetime.fromisoformat(seen["at"]) - datetime.fromisoformat(since)).total_seconds()))
