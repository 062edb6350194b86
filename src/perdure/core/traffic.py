"""What real traffic says of the model: how replies begin, how they go on, and how attempts end.

Folded from the log that clients follow, so that whoever speaks replies does nothing for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perdure.core.health import Cause, Finding, Level

WINDOW_S = 60.0
"""What was longer ago says nothing of now."""

FEW = 3
"""So many attempts say something of the model; fewer of themselves."""

SILENT_S = 8.0
"""A reply that has not begun after this, where none goes on beside it, is a reason to ask the model itself."""

SLOW_FACTOR = 4.0
"""First tokens that take so many times what they usually do are slow..."""
SLOW_S = 5.0
"""... unless they come within this."""

QUICKLY, SLOWLY = 0.05, 0.01
"""How much one first token changes what is usual; one that is slow by what was usual changes it less."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry of the log. `view` is what was sent of it; None for a `delta`, which reaches to `upto` in its reply."""

    seq: int
    at: float
    kind: str
    chat_id: str
    turn_id: str | None
    message_id: str | None
    view: Mapping[str, Any] | None = None
    upto: int = 0


@dataclass(slots=True)
class _Running:
    begun_at: float
    attempt: int
    spoke_at: float | None = None


@dataclass(frozen=True, slots=True)
class Began:
    """A reply has begun: `after_s` seconds after a worker took it."""

    at: float
    after_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over: `fault` is `model` or `network` where the backend or the way to it is to blame."""

    at: float
    outcome: str
    fault: str | None
    code: str | None


@dataclass(slots=True)
class Traffic:
    """The last minute of it, and what is on its way."""

    running: dict[str, _Running] = field(default_factory=dict)
    ended: deque[Ended] = field(default_factory=deque)
    first_tokens: deque[tuple[float, float]] = field(default_factory=deque)
    """When, and how long after the claim, in seconds."""
    spoke_at: float | None = None
    deaf_until: float = 0.0
    usual_first_s: float | None = None
    """How long first tokens take usually: a mean in which old ones fade."""

    def take(self, moment: Moment) -> Began | Ended | None:
        """Count one more entry; returns the reply that has begun with it, or the attempt that has ended by it."""
        if moment.kind == "delta" and moment.turn_id is not None:
            return self._spoken(moment.turn_id, moment.at)
        if moment.kind == "turn" and moment.turn_id is not None and moment.view is not None:
            return self._stands(moment.turn_id, moment.at, moment.view)
        return None

    def heard(self, now: float) -> None:
        """It was deaf, and has said a word to somebody: whatever fails that was begun before says nothing of now."""
        self.spoke_at = self.deaf_until = now
        self.ended.clear()

    def tidy(self, now: float) -> None:
        """Forget what is too long ago."""
        while self.ended and self.ended[0].at < now - WINDOW_S:
            self.ended.popleft()
        while self.first_tokens and self.first_tokens[0][0] < now - WINDOW_S:
            self.first_tokens.popleft()

    def silent_s(self, now: float) -> float:
        """For how long a reply has waited for its next word while nobody else got one either, in seconds."""
        waits = [max(one.begun_at, one.spoke_at or 0.0) for one in self.running.values()]
        return max(0.0, now - max(min(waits), self.spoke_at or 0.0)) if waits else 0.0

    def suspicious(self, now: float) -> bool:
        """Whether that is longer than it should be: a model that takes its time usually may take it."""
        return self.silent_s(now) >= max(SILENT_S, SLOW_FACTOR * (self.usual_first_s or 0.0))

    def finding(self, now: float) -> Finding:
        """What all of it says of the active backend."""
        self.tidy(now)
        since = [one for one in self.ended if self.spoke_at is None or one.at > self.spoke_at]
        blamed = [one for one in since if one.fault in ("model", "network")]
        if len(blamed) >= FEW and len(blamed) == len(since):
            codes = ", ".join(sorted({one.code for one in blamed if one.code}))
            said = f"The last {len(blamed)} attempts at a reply failed ({codes}), and none has said a word since."
            return Finding(Level.MAJOR, Cause.BACKEND_FAILING, said)
        failed = [one for one in self.ended if one.fault in ("model", "network")]
        if len(failed) >= FEW and 2 * len(failed) >= len(self.ended):
            said = f"{len(failed)} of {len(self.ended)} attempts at a reply failed within a minute."
            return Finding(Level.DEGRADED, Cause.BACKEND_FAILING, said)
        firsts = sorted(took for _, took in self.first_tokens)
        if len(firsts) >= FEW and self.usual_first_s is not None:
            median = firsts[len(firsts) // 2]
            if median > _slow_from(self.usual_first_s):
                said = f"Replies begin after {median:.0f} s; usually that takes {self.usual_first_s:.1f} s."
                return Finding(Level.DEGRADED, Cause.BACKEND_SLOW, said)
        return Finding()

    def _spoken(self, turn_id: str, at: float) -> Began | None:
        self.spoke_at = at
        one = self.running.get(turn_id)
        if one is None:
            return None
        is_first, one.spoke_at = one.spoke_at is None, at
        if not is_first:
            return None
        took = max(0.0, at - one.begun_at)
        self.first_tokens.append((at, took))
        self.usual_first_s = _learned(self.usual_first_s, took)
        return Began(at, took)

    def _stands(self, turn_id: str, at: float, view: Mapping[str, Any]) -> Ended | None:
        attempts = view["attempts"]
        known = self.running.get(turn_id)
        if view["state"] == "running" and attempts:
            if known is None or known.attempt != attempts[-1]["n"]:
                self.running[turn_id] = _Running(at, attempts[-1]["n"])
            return None
        self.running.pop(turn_id, None)
        if known is None or not attempts:
            return None
        error = view["error"] or view["trouble"] or {}
        outcome = str(attempts[-1]["outcome"])
        if outcome == "done":
            # That it has said all is a word too, and comes a moment behind the last one.
            self.spoke_at = at
        failed = outcome not in ("done", "stopped", "released")
        fault, code = (error.get("fault"), error.get("code")) if failed else (None, None)
        ended = Ended(at, outcome, fault, code)
        if known.begun_at >= self.deaf_until:
            self.ended.append(ended)
        return ended


def _slow_from(usual_s: float) -> float:
    return max(SLOW_S, SLOW_FACTOR * usual_s)


def _learned(usual_s: float | None, took_s: float) -> float:
    """What is usual after one more."""
    if usual_s is None:
        return took_s
    weight = SLOWLY if took_s > _slow_from(usual_s) else QUICKLY
    return (1.0 - weight) * usual_s + weight * took_s
