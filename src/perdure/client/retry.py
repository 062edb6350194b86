"""How long to wait before trying again: exponential, with full jitter.

Full jitter draws the whole wait and not only a part of it, so that clients that failed together do not come back
together (Brooker, "Exponential Backoff And Jitter", 2015).
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
