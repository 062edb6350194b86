"""The day as a report in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bad_day.play import Day
from tests.bad_day.verdict import IncidentRow, MinuteRow


def report(day: Day) -> str:
    """All of it: minute by minute, the incidents, and what became of what people said."""
    return "\n".join(_lines(day))


def _lines(day: Day) -> Iterator[str]:
    yield "# A bad day"
    yield ""
    yield f"The page told the truth, and nobody lost anything: {'yes' if day.ok else '**no**'}."
    yield ""
    yield "## Minute by minute"
    yield ""
    yield "In brackets: may be seen in this minute, and need not be."
    yield ""
    yield from _table(("minute", "expected", "told", "read", "ok"), [_minute(row) for row in day.verdict.minutes])
    yield ""
    yield "## Incidents"
    yield ""
    head = ("what happened", "expected", "told", "detected (s)", "resolved (s)", "ok")
    yield from _table(head, [_incident(row) for row in day.verdict.incidents])
    yield ""
    for surplus in day.verdict.surplus:
        yield f"- told, and nothing had been done for it: {surplus}"
    for what in day.impossible:
        yield f"- not played on this machine: {what}"
    told = day.outcome
    yield f"- messages acknowledged: {told.messages}, lost: {told.lost}; replies broken off: {told.broken}"
    for breach in told.breaches[:20]:
        yield f"- {breach}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for line in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(line)} |"


def _minute(row: MinuteRow) -> Sequence[str]:
    return str(row.minute), row.expected, row.told, str(row.samples), _ok(row.wrong)


def _incident(row: IncidentRow) -> Sequence[str]:
    detected = _seconds(row.detected_s, row.detect_within_s)
    return row.what, row.expected, row.told, detected, _seconds(row.resolved_s, row.resolve_within_s), _ok(row.wrong)


def _seconds(took_s: float | None, within_s: float) -> str:
    return f"{'never' if took_s is None else f'{took_s:.1f}'} (≤ {within_s:.1f})"


def _ok(wrong: Sequence[str]) -> str:
    return "ok" if not wrong else f"**wrong**: {'; '.join(wrong)}"
