"""What is ordered of the whole installation, until it is taken back: every process obeys, at once.

The operator orders; and the health process, that a backend be left alone which answers nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Order:
    """Who gave it, and when, in Unix seconds."""

    by: str
    at: float


@dataclass(frozen=True, slots=True)
class Deaf:
    """A backend that answers health checks and no requests. It holds until `until`, in Unix seconds: whoever has found
    it out renews it, and where that one dies, or was wrong, the backend is asked again by itself.
    """

    backend_id: str
    until: float


@dataclass(frozen=True, slots=True)
class Orders:
    """All of them; None is what was not ordered.

    `drain`: workers finish what they write, and take nothing new. `pause`: new messages are refused. `maintained`: the
    backends that nobody is to ask, by their ids. `deaf`: the one that nobody is to ask until it is heard again.
    """

    drain: Order | None = None
    pause: Order | None = None
    maintained: Mapping[str, Order] = field(default_factory=dict)
    deaf: Deaf | None = None

    def hold(self, backend_id: str) -> bool:
        """Whether what waits for this backend has to go on waiting, and nobody is to blame for it."""
        return self.drain is not None or backend_id in self.maintained

    def is_deaf(self, backend_id: str, now: float) -> bool:
        """Whether this backend is known to answer nobody."""
        return self.deaf is not None and self.deaf.backend_id == backend_id and now < self.deaf.until
