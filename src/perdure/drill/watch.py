"""How long a struck conversation was without a new character: from the signal to the first one that is *new*. Pure.

What was on its way when the signal was sent still arrives after it and would make every takeover look instant. So a
character counts once its source is new: another attempt, another connection, or the same process thawed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """What has to be new."""

    ATTEMPT = "attempt"
    CONNECTION = "connection"


@dataclass(slots=True)
class Watch:
    """One struck conversation. Instants are of one monotonic clock, in seconds.

    `attempt` is the number of the attempt that was at work, 0 for a turn that was still queued. `took_s` is None until
    a new character came, and stays None where the reply ended before the strike could touch it.
    """

    strike: int
    conversation: int
    turn_id: str | None
    source: Source
    attempt: int
    struck_at: float
    fresh: bool = False
    over: bool = False
    taken_over: bool = False
    """Whether the attempt was ended by the strike: another one followed before anything new was said."""
    took_s: float | None = None

    def attempted(self, n: int) -> None:
        """The turn is at its attempt `n`."""
        if n > self.attempt and not self.over:
            self.taken_over = True
            self.fresh = self.fresh or self.source is Source.ATTEMPT

    def connected(self) -> None:
        """The event stream stands again."""
        if self.source is Source.CONNECTION:
            self.fresh = True

    def thawed(self) -> None:
        """The victim goes on where it was."""
        self.fresh = True

    def spoke(self, at: float) -> bool:
        """New characters came. Returns whether that ends the watch."""
        if self.fresh and not self.over:
            self.over, self.took_s = True, at - self.struck_at
        return self.over

    def ended(self) -> None:
        """The turn has ended: nothing new is to be expected of it."""
        self.over = True
