"""Who may ask for more, and when: limits that are told before they bite."""

from __future__ import annotations

from dataclasses import dataclass

MESSAGE_CHARS = 100_000
"""Code points that a message may have."""

CHARACTERS_PER_CHAT = 16

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The instants at which messages were taken in one chat, within the last minute, oldest first.

    A sliding window: never more than the limit in any minute, wherever it begins.
    """

    taken_at: tuple[float, ...] = ()

    def at(self, now: float) -> Pace:
        """What still counts at `now`."""
        return Pace(tuple(at for at in self.taken_at if now - at < MINUTE_S))

    def wait_s(self, limit: int, now: float) -> float:
        """Seconds until one more may come; 0 where it may come now. `limit` is in messages a minute, 0 is none."""
        lately = self.at(now).taken_at
        if limit == 0 or len(lately) < limit:
            return 0.0
        return lately[-limit] + MINUTE_S - now

    def after(self, now: float) -> Pace:
        """The pace with one more."""
        return Pace((*self.at(now).taken_at, now))
