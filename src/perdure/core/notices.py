"""What is told to those who do not look at the page: that something is broken and lasts, that it needs the operator,
what the operator says of it, and that it is over. Not every stumble: what mends itself in a moment wakes nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from perdure.core.estimate import Estimate, in_words, span
from perdure.core.incidents import Incident

BROKEN, NEEDS_OPERATOR, UPDATE, OVER = "broken", "needs_operator", "update", "over"

TRIES_AFTER_S = (0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 3 * 3600.0, 6 * 3600.0, 12 * 3600.0, 24 * 3600.0)
"""How long after a failed try the next one comes; after the last of them it is given up, two days later."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told, once. `id` is the same for whoever computes it; `kind` is one of the words above."""

    id: str
    kind: str
    incident_id: str
    at: float
    subject: str
    text: str


def due(
    incident: Incident, told: Collection[str], now: float, after_s: float, left: Estimate | None = None
) -> Iterator[Notice]:
    """What is to be told of an incident that has not been: `told` are the ids of what has.

    It is told of once it has lasted for `after_s`, or needs the operator; and of its end only where it was told of.
    """
    if incident.merged_into is not None:
        return
    was_told = f"{incident.id}-{BROKEN}" in told
    lasts = incident.open and (incident.lasted_s(now) >= after_s or incident.needs_operator)
    if not was_told and lasts:
        last = incident.story[-1].text if incident.story else incident.evidence
        text = f"{last}\nStill lasts: {in_words(left)}."
        yield _notice(incident, BROKEN, now, f"Broken: {incident.headline}", text)
        was_told = True
    if not was_told:
        return
    if incident.needs_operator and f"{incident.id}-{NEEDS_OPERATOR}" not in told:
        said = f"It has lasted for {span(incident.lasted_s(now))} and does not mend itself."
        yield _notice(incident, NEEDS_OPERATOR, now, f"Needs you: {incident.headline}", said)
    for n, entry in enumerate(incident.story):
        name = f"{UPDATE}-{n}"
        if entry.by is not None and f"{incident.id}-{name}" not in told:
            yield _notice(incident, name, entry.at, f"News: {incident.headline}", f"{entry.text}\n– {entry.by}")
    if incident.resolved_at is not None and f"{incident.id}-{OVER}" not in told:
        lost = "" if incident.toll is None else f" {incident.toll.lost} messages were lost."
        said = f"It lasted for {span(incident.lasted_s(now))}.{lost}"
        yield _notice(incident, OVER, incident.resolved_at, f"Over: {incident.headline}", said)


def next_try_s(tries: int) -> float | None:
    """How long to wait before the next try, after so many; None to give up."""
    return TRIES_AFTER_S[tries] if tries < len(TRIES_AFTER_S) else None


def _notice(incident: Incident, name: str, at: float, subject: str, text: str) -> Notice:
    return Notice(f"{incident.id}-{name}", name.partition("-")[0], incident.id, at, subject, text)
