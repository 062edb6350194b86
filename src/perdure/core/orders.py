"""What the operator has ordered of the whole installation, until it is taken back: every process obeys, at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Order:
    """Who gave it, and when, in Unix seconds."""

    by: str
    at: float


@dataclass(frozen=True, slots=True)
class Orders:
    """All of them; None is what was not ordered.

    `drain`: workers finish what they write, and take nothing new. `pause`: new messages are refused. `maintained`: the
    backends that nobody is to ask, by their ids.
    """

    drain: Order | None = None
    pause: Order | None = None
    maintained: Mapping[str, Order] = field(default_factory=dict)

    def hold(self, backend_id: str) -> bool:
        """Whether what waits for this backend has to go on waiting, and nobody is to blame for it."""
        return self.drain is not None or backend_id in self.maintained
