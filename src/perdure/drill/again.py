"""Ask for interrupted replies once more, undisturbed, and compare: at temperature 0 a model says the same again.

Nearly always. What a model computes for one reply depends in the last bit on the replies that are computed beside it,
and two words that are equally likely may then change places. So a difference is a figure to look at, and no breach: the
scripted backend, whose replies are known to the letter, is there for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from perdure.client import AsyncPerdure
from perdure.client.shapes import FINAL, Turn

PACE_S = 0.1


@dataclass(frozen=True, slots=True)
class Again:
    """A reply that was interrupted, and the same without an interruption. `agree`: code points that are the same."""

    turn_id: str
    attempts: int
    length: int
    agree: int
    same: bool


async def ask_again(api: AsyncPerdure, turns: Sequence[Turn]) -> list[Again]:
    """One swipe after the other beside these turns' replies. Raises PerdureError."""
    return [await _once(api, turn) for turn in turns]


async def _once(api: AsyncPerdure, turn: Turn) -> Again:
    accepted = await api.put_turn(turn["chat_id"], turn["parent_id"], "swipe")
    assert accepted.turn is not None, "a reply was asked for"
    while (swipe := await api.turn(accepted.turn["id"]))["state"] not in FINAL:
        await asyncio.sleep(PACE_S)
    one, other = turn["text"], swipe["text"]
    agree = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return Again(turn["id"], len(turn["attempts"]), len(one), agree, one == other)
