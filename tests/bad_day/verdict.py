"""What the judge of a bad day has found: minute by minute, and of each incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """What was expected for a line and what was told. `detected_s` is counted from its beginning, `resolved_s` from its
    mending, where it mends itself from its beginning; each with what it may be.
    """

    what: str
    expected: str
    told: str
    detected_s: float | None
    detect_within_s: float
    resolved_s: float | None
    resolve_within_s: float
    wrong: Sequence[str]


@dataclass(frozen=True, slots=True)
class MinuteRow:
    """One minute of the day. `samples` is how often the page was read in it."""

    minute: int
    expected: str
    told: str
    samples: int
    wrong: Sequence[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All of it."""

    minutes: Sequence[MinuteRow]
    incidents: Sequence[IncidentRow]
    surplus: Sequence[str]
    """Incidents that nothing had been done for."""

    @property
    def ok(self) -> bool:
        """Whether the page told the truth, and nothing but it."""
        wrong = [*(row.wrong for row in self.minutes), *(row.wrong for row in self.incidents)]
        return not self.surplus and not any(wrong)
