"""What is counted of replies: how soon they began, how they ended, how much was said. Folded from the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from perdure.core.traffic import Moment
from perdure.core.turn import State


@dataclass(frozen=True, slots=True)
class Said:
    """So many characters more are there. With the first of a reply: how long after it was asked for, in seconds."""

    characters: int
    first_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """A turn has ended, so many seconds after it was asked for."""

    state: State
    after_s: float


@dataclass(slots=True)
class _Going:
    asked_at: float
    upto: int
    spoke: bool = False


@dataclass(slots=True)
class Replies:
    """The turns that have not ended, as far as the log tells of them."""

    _going: dict[str, _Going] = field(default_factory=dict)

    def take(self, moment: Moment) -> Said | Over | None:
        """Take one more entry; returns what it adds to any count."""
        if moment.turn_id is None:
            return None
        if moment.kind == "delta":
            return self._said(moment.turn_id, moment)
        if moment.kind == "turn" and moment.view is not None:
            return self._stands(moment.turn_id, moment.at, moment.view)
        return None

    def _said(self, turn_id: str, moment: Moment) -> Said | None:
        one = self._going.get(turn_id)
        # What a continued reply begins with comes before its turn does, and was said by another one.
        if one is None or moment.upto <= one.upto:
            return None
        characters, one.upto = moment.upto - one.upto, moment.upto
        if one.spoke:
            return Said(characters)
        one.spoke = True
        return Said(characters, max(0.0, moment.at - one.asked_at))

    def _stands(self, turn_id: str, at: float, view: Mapping[str, Any]) -> Over | None:
        state = State(view["state"])
        one = self._going.get(turn_id)
        if state.final:
            self._going.pop(turn_id, None)
            return Over(state, max(0.0, at - _instant(view["created_at"])))
        if one is None:
            # Where attempts were before it, whoever counts has begun in the middle, and knows nothing of its first.
            spoke = len(view["attempts"]) > 1
            self._going[turn_id] = _Going(_instant(view["created_at"]), view["offset"], spoke)
        return None


def _instant(said: str) -> float:
    return datetime.fromisoformat(said).timestamp()
