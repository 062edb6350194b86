"""How long a reply waits for its turn: from how long others have waited, place by place."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from perdure.core.estimate import Estimate, Past, remaining
from perdure.core.traffic import Moment

KEPT = 60
"""So many waits say how it goes; those before are of another load."""


@dataclass(slots=True)
class Waits:
    """Replies that wait now, and how long the last ones did for each place that they moved up."""

    waiting: dict[str, tuple[float, int]] = field(default_factory=dict)
    """When it was asked for, and how many were before it, by its turn's id."""
    per_place: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    def take(self, moment: Moment) -> None:
        """Count one more entry of the log. What waits after a failed attempt waits for something else."""
        if moment.kind != "turn" or moment.turn_id is None or moment.view is None:
            return
        if moment.view["state"] == "queued" and not moment.view["attempts"]:
            self.waiting.setdefault(moment.turn_id, (moment.at, len(self.waiting)))
            return
        asked_at, ahead = self.waiting.pop(moment.turn_id, (moment.at, 0))
        # Who found nobody before it says nothing of a queue; nor does who was stopped while it waited.
        if moment.view["state"] == "running" and ahead > 0:
            self.per_place.append(max(0.0, moment.at - asked_at) / (ahead + 1))

    def estimate(self) -> Estimate | None:
        """For each place, in seconds."""
        return remaining([Past(took_s, True) for took_s in self.per_place], 0.0)


def wait(per_place: Estimate | None, ahead: int) -> Estimate | None:
    """How long a reply waits that has so many before it."""
    if per_place is None:
        return None
    places = ahead + 1
    scaled = {name: getattr(per_place, name) * places for name in ("median_s", "low_s", "high_s")}
    return replace(per_place, **scaled)
