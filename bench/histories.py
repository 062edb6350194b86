"""Histories of incidents to try estimates on: how long each lasted, in seconds, oldest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random

from perdure.core.estimate import Past

LENGTH = 240
"""Incidents in a history."""

JUMP_AT = (80, 160)
"""Between which of them a jump comes."""

CUT_OFF = 0.03
"""The share whose end nobody saw, since Perdure was stopped meanwhile."""

History = list[float]


def _lognormal(chance: Random, n: int, middle_s: float = 40.0) -> float:
    return middle_s * math.exp(chance.gauss(0.0, 1.0))


def _lomax(chance: Random, n: int) -> float:
    """Without a variance: of index 1.2."""
    return 60.0 * (math.pow(1.0 - chance.random(), -1 / 1.2) - 1.0)


def _bimodal(chance: Random, outages: float) -> float:
    """Hiccups of some 5 s, and outages of some quarter of an hour."""
    if chance.random() < outages:
        return 900.0 * math.exp(chance.gauss(0.0, 0.5))
    return 5.0 * math.exp(chance.gauss(0.0, 0.4))


def _drifting(chance: Random, n: int, whole: float) -> float:
    return _lognormal(chance, n, 40.0 * whole ** (n / LENGTH - 0.5))


def _jumping(chance: Random, factor: float) -> History:
    at = chance.randrange(*JUMP_AT)
    return [_lognormal(chance, n, 40.0 * (factor if n >= at else 1.0)) for n in range(LENGTH)]


def _restless(chance: Random) -> History:
    """Every 40 to 120 incidents another cause prevails, which has nothing to do with the one before."""
    history: History = []
    while len(history) < LENGTH:
        middle_s = _lognormal(chance, 0)
        history += [_lognormal(chance, n, middle_s) for n in range(chance.randrange(40, 120))]
    return history[:LENGTH]


def _each(one: Callable[[Random, int], float]) -> Callable[[Random], History]:
    return lambda chance: [one(chance, n) for n in range(LENGTH)]


FAMILIES: Mapping[str, Callable[[Random], History]] = {
    "log-normal": _each(_lognormal),
    "heavy-tailed (Lomax 1.2)": _each(_lomax),
    "bimodal, 3 of 10 are outages": _each(lambda chance, _: _bimodal(chance, 0.3)),
    "bimodal, 1 of 10": _each(lambda chance, _: _bimodal(chance, 0.1)),
    "drift to 100 times": _each(lambda chance, n: _drifting(chance, n, 100.0)),
    "drift to a hundredth": _each(lambda chance, n: _drifting(chance, n, 0.01)),
    "jump to 20 times": lambda chance: _jumping(chance, 20.0),
    "jump to a twentieth": lambda chance: _jumping(chance, 0.05),
    "another one each 40 to 120": _restless,
}


def seen(history: History, chance: Random) -> list[Past]:
    """What is known of it: some are cut off at a random moment."""
    return [
        Past(lasted_s * chance.random(), ended=False) if chance.random() < CUT_OFF else Past(lasted_s)
        for lasted_s in history
    ]
