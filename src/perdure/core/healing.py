"""What is done about a model that says that it is well and answers nobody: started anew, a few times, and no more.

A process that dies or hangs is the supervisor's; this one does neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from perdure.core.incidents import Healing

AGAIN_AFTER_S = 60.0
"""A model needs time to load, and to be asked, before starting it anew once more can be judged to be needed."""

MOST = 3
"""What three times did not help is not helped by a fourth."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """What was done so far about the model that is deaf now. Instants are Unix seconds."""

    restarts: int = 0
    last_at: float = float("-inf")
    ours: bool = True
    """Whether its process is ours to start anew."""

    def next(self, *, deaf: bool, now: float) -> tuple[Remedies, bool]:
        """What is known after a look, and whether to start it anew now. One that hears again for long is forgiven
        everything: the next time is another time.
        """
        if not deaf:
            # Not at once: it is loading, and hears nobody, because it was started anew.
            well = now - self.last_at >= AGAIN_AFTER_S
            return (replace(self, restarts=0, last_at=float("-inf")) if well else self), False
        if not self.ours or self.restarts >= MOST or now - self.last_at < AGAIN_AFTER_S:
            return self, False
        return replace(self, restarts=self.restarts + 1, last_at=now), True

    def healing(self, *, deaf: bool) -> Healing | None:
        """What to tell of it."""
        if not deaf and not self.restarts:
            return None
        if not self.ours:
            return Healing(
                "Its server is not Perdure's to start anew. Replies wait for it; they go on once it says a word.", True
            )
        if deaf and self.restarts >= MOST:
            return Healing(f"It was started anew {self.restarts} times, and answers nobody still.", True)
        return Healing("The model is being started anew, since it answers nobody.")
