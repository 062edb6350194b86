"""When to try again: exponential waits with full jitter, and a budget for all tries of a client together.

Full jitter draws the whole wait and not only a part of it, so that clients that failed together do not come back
together (Brooker, "Exponential Backoff And Jitter", 2015). The budget is a token bucket, so that a program which asks a
lot does not ask a struggling server for even more: whoever finds it empty waits for a token.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Durations in seconds."""

    first_s: float = 0.1
    longest_s: float = 5.0

    def wait_s(self, failures: int, chance: float) -> float:
        """The wait after so many failures in a row (at least one); `chance` is in [0, 1)."""
        # The exponent is bounded: an outage of hours must not overflow the power of two.
        return chance * min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))


@dataclass(slots=True)
class Budget:
    """Each retry takes a token. There are `size`, and as many come back in a second as `per_s` says, and with each
    success a half. `now` is on any clock, in seconds.
    """

    size: float = 10.0
    per_s: float = 1.0
    per_success: float = 0.5
    _spent: float = 0.0
    _at: float = float("-inf")

    def wait_s(self, now: float) -> float:
        """How long until there is a token."""
        self._refill(now)
        return max(0.0, (self._spent + 1 - self.size) / self.per_s)

    def take(self, now: float) -> None:
        """Have one, before it is there if need be: who comes next waits the longer."""
        self._refill(now)
        self._spent += 1

    def succeeded(self) -> None:
        """The server is well."""
        self._spent = max(0.0, self._spent - self.per_success)

    def _refill(self, now: float) -> None:
        self._spent = max(0.0, self._spent - max(0.0, now - self._at) * self.per_s)
        self._at = now
