"""What `perdure diagnose` shows: for people, in a terminal or a pipe, and as a document for programs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from perdure.cli.chat.harmless import harmless_line
from perdure.core.diagnosis import RULES, Finding, Observation, Sign, Step
from perdure.core.errors import page_of
from perdure.diagnose import Asked, Diagnosis

WIDTH = 100
STEPS = {
    Step.NAME: "Name",
    Step.CONNECT: "Connection",
    Step.PROXY: "Proxy",
    Step.TLS: "TLS",
    Step.ANSWER: "Answer",
    Step.BODY: "Content",
    Step.SERVICE: "Service",
    Step.EVENTS: "Events",
    Step.WEBSOCKET: "WebSocket",
    Step.STATUS_PAGE: "Status page",
}
FINDINGS = {
    Finding.OK: ("All is well", "green"),
    Finding.SERVER: ("It is the server", "red"),
    Finding.MODEL: ("It is the model", "red"),
    Finding.NETWORK: ("It is the network", "red"),
    Finding.CLIENT: ("It is on this side", "red"),
    Finding.CANNOT_TELL: ("It cannot be told", "yellow"),
}
_WELL = (None, Sign.ANSWERED, Sign.ALL_OPERATIONAL)


def heading(console: Console, asked: Asked) -> None:
    """What is looked at."""
    console.print(Text(f"The way to {asked.target.url}", style="bold"), soft_wrap=True)


def step(console: Console, observation: Observation) -> None:
    """A line for a step, as it is done."""
    mark, style = _mark(observation.sign)
    row = _grid(console)
    row.add_column(width=1)
    row.add_column(width=11)
    row.add_column(ratio=1, overflow="fold")
    row.add_column(width=8, justify="right")
    took = "" if observation.took_s is None else _duration(observation.took_s)
    row.add_row(Text(mark, style), Text(STEPS[observation.step]), _harmless(observation.detail), Text(took, "dim"))
    console.print(row)


def verdict(console: Console, found: Diagnosis) -> None:
    """Whose fault it is, why, and what helps."""
    judged = found.verdict
    name, style = FINDINGS[judged.finding]
    console.print()
    sure = "" if judged.finding is Finding.CANNOT_TELL else f" ({_sure(judged.confidence)})"
    console.print(Text.assemble((name, f"bold {style}"), sure))
    rows = [("", judged.sentence)]
    if judged.evidence and judged.finding is not Finding.OK:
        rows.append(("Why", judged.evidence[0]))
    if judged.kind is not None:
        rows += [("Known as", f"{judged.kind.title} ({judged.kind.code})")]
        rows += [("Causes" if n == 0 else "", f"- {cause}") for n, cause in enumerate(judged.kind.causes)]
        rows.append(("Who mends", judged.kind.mender))
    if judged.remedy:
        rows.append(("What helps", judged.remedy))
    rows += [("Not asked", f"{page} may be its status page: name it with --status-url.") for page in found.status_pages]
    table = _grid(console)
    table.add_column(width=12)
    table.add_column(ratio=1, overflow="fold")
    for head, text in rows:
        table.add_row(Text(head, "dim"), _harmless(text))
    console.print(table)


def in_short(found: Diagnosis) -> str:
    """One line for a look of many."""
    why = found.verdict.evidence[0] if found.verdict.evidence else found.verdict.sentence
    return f"{FINDINGS[found.verdict.finding][0]}: {why}"


def away(console: Console, said: str) -> None:
    """It is away, and why."""
    console.print(Text.assemble((time.strftime("%H:%M:%S "), "dim"), _harmless(said)), soft_wrap=True)


def back(console: Console, away_s: float | None, interval_s: float, but: str | None = None) -> None:
    """It is well, or it answers at least, and waiting mends no more of what it says (`but`).

    `away_s` is since the first look that found it away, None where none did.
    """
    told = "It is well." if but is None else "It answers."
    if away_s is not None:
        again = "It is back." if but is None else "It answers again."
        told = f"{again} It was away for {_span(away_s)}, counted from the first look, to within {_span(interval_s)}."
    console.print(Text.assemble((time.strftime("%H:%M:%S "), "dim"), (told, "green")), soft_wrap=True)
    if but is not None:
        console.print(_harmless(f"Waiting mends no more of it. {but}"), soft_wrap=True)


def document(found: Diagnosis, exit_codes: Mapping[Finding, int]) -> dict[str, Any]:
    """All of it, for programs. Times are in seconds; `confidence` is from 0 to 1."""
    judged = found.verdict
    kind = judged.kind
    row = None
    if kind is not None:
        row = {
            "code": kind.code,
            "fault": str(kind.fault),
            "title": kind.title,
            "causes": list(kind.causes),
            "mender": str(kind.mender),
            "avoid": kind.avoid,
            "page": page_of(kind),
        }
    return {
        "url": found.url,
        "finding": str(judged.finding),
        "confidence": judged.confidence,
        "sentence": judged.sentence,
        "remedy": judged.remedy,
        "evidence": list(judged.evidence),
        "retry_after_s": judged.retry_after_s,
        "error": row,
        "exit_code": exit_codes[judged.finding],
        "steps": [
            {
                "step": str(seen.step),
                "sign": None if seen.sign is None else str(seen.sign),
                "detail": seen.detail,
                "took_s": None if seen.took_s is None else round(seen.took_s, 4),
            }
            for seen in found.observations
        ],
        "status_pages_not_asked": list(found.status_pages),
    }


def _grid(console: Console) -> Table:
    table = Table.grid(padding=(0, 1))
    table.width = min(console.width, WIDTH)
    return table


def _mark(sign: Sign | None) -> tuple[str, str]:
    if sign in _WELL:
        return "✓", "green"
    if sign is Sign.NOT_OFFERED:
        return "–", "dim"
    return ("✗", "red") if sign in RULES else ("!", "yellow")


def _harmless(text: str) -> Text:
    return Text(harmless_line(text))


def _sure(confidence: float) -> str:
    words = "almost certain" if confidence >= 0.85 else "likely" if confidence >= 0.6 else "a guess"
    return f"{words}, {confidence:.0%}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{rest} s" if rest or not minutes else "",
    ]
    return " ".join(part for part in parts if part)
