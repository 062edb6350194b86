"""Limits at the door: how fast one chat may be written in, and how many replies may wait.

The pace is kept in this process's memory: it is a guard against programs that run away, not a count that has to be
exact over restarts. How many replies wait is in the record.
"""

from __future__ import annotations

from starlette.responses import Response

from perdure.core.admission import MINUTE_S, Pace
from perdure.core.errors import IntakePaused, Overloaded, TooFast
from perdure.engine import orders
from perdure.engine.intake import Accepted
from perdure.ports.clock import Clock
from perdure.ports.store import Records

MOST_CHATS = 10_000
"""Chats whose pace is remembered; the one that was quiet for longest is forgotten first."""

BACK_S = (2.0, 8.0)
"""A crowd that finds the queue full is asked to come back within so many seconds, each at an instant of its own."""

PAUSED_S = (5.0, 15.0)
"""So soon whoever finds the intake paused may look again: nobody is told when that ends."""


class Door:
    """What one web process lets in. `per_minute` messages in a chat, `max_queued` replies that wait; 0 is no limit."""

    def __init__(self, clock: Clock, per_minute: int, max_queued: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._max_queued = max_queued
        self._paces: dict[str, Pace] = {}

    def check_pace(self, chat_id: str) -> None:
        """Raise TooFast where the chat has had its share of this minute."""
        pace = self._paces.get(chat_id)
        wait_s = 0.0 if pace is None else pace.wait_s(self._per_minute, self._clock.now())
        if wait_s > 0:
            said = f"This chat has had {self._per_minute} messages within a minute, which is the limit."
            raise TooFast(said, retry_after_s=wait_s)

    def admit(self, records: Records, accepted: Accepted) -> Accepted:
        """What was accepted, in the transaction that takes it in. Raises IntakePaused while the operator wants nothing
        new, and Overloaded where too many replies wait: then nothing is taken in. A repetition is the same thing,
        however many wait.
        """
        if not accepted.created:
            return accepted
        if orders.standing(records).pause is not None:
            raise IntakePaused(retry_after_s=self._some(PAUSED_S))
        if self._max_queued == 0 or accepted.turn is None:
            return accepted
        asked_at = accepted.turn.created_at
        if records.turns.count_queued(asked_at, before=asked_at) >= self._max_queued:
            raise Overloaded(
                f"{self._max_queued} replies wait to be written already, which is the limit.",
                retry_after_s=self._some(BACK_S),
            )
        return accepted

    def _some(self, between_s: tuple[float, float]) -> float:
        """A wait between two, so that a crowd does not come back at once."""
        low_s, high_s = between_s
        return low_s + (high_s - low_s) * self._clock.jitter()

    def told(self, chat_id: str, accepted: Accepted, answer: Response) -> Response:
        """The answer, with how much is left of this minute (draft-ietf-httpapi-ratelimit-headers)."""
        if self._per_minute == 0:
            return answer
        now = self._clock.now()
        pace = self._paces.pop(chat_id, Pace()).at(now)
        if accepted.created:
            pace = pace.after(now)
        if pace.taken_at:
            self._paces[chat_id] = pace
            if len(self._paces) > MOST_CHATS:
                del self._paces[next(iter(self._paces))]
        left = max(0, self._per_minute - len(pace.taken_at))
        whole_s = MINUTE_S if not pace.taken_at else pace.taken_at[0] + MINUTE_S - now
        answer.headers["RateLimit-Policy"] = f'"chat";q={self._per_minute};w={MINUTE_S:.0f}'
        answer.headers["RateLimit"] = f'"chat";r={left};t={max(1, round(whole_s))}'
        return answer
