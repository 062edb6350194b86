"""The machine's clock and chance."""

from __future__ import annotations

import random
import time


class SystemClock:
    """Unix seconds, and jitter that differs between processes."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def jitter(self) -> float:
        """A number in [0, 1)."""
        return random.random()
