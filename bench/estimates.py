"""How well "how long will it last?" is answered: simulated histories, and what would have been told of each incident.

Every history is a sequence of durations from one family; each incident is estimated from those before it, at its
beginning and again while it lasts (at half, once, twice, four and eight times the median of what was before). What came
is held against what was told. An incident counts once, however often it was estimated. Beside the method stand the same
without its window, and what people do in their heads: the mean of the past, less what has passed.
"""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Callable, Mapping, Sequence

from bench import report
from perdure.core.estimate import Estimate, Past, remaining

INCIDENTS = 120
LOOKS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
EARLIEST = 5
EVERYTHING = 10_000

Family = Callable[[random.Random, int], float]
"""The duration of the n-th incident, in seconds."""

Method = Callable[[Sequence[Past], float], Estimate | None]

FAMILIES: Mapping[str, Family] = {
    "log-normal": lambda chance, n: chance.lognormvariate(3.0, 1.0),
    "heavy-tailed (Lomax 1.2)": lambda chance, n: 10.0 * (chance.paretovariate(1.2) - 1.0) + 0.5,
    "bimodal (hiccups, outages)": lambda chance, n: (
        chance.lognormvariate(1.4, 0.4) if chance.random() < 0.8 else chance.lognormvariate(6.5, 0.5)
    ),
    "growing by 2 % each": lambda chance, n: chance.lognormvariate(3.0 + 0.02 * n, 1.0),
    "shrinking by 2 % each": lambda chance, n: chance.lognormvariate(6.0 - 0.02 * n, 1.0),
    "seven times longer from the middle on": lambda chance, n: chance.lognormvariate(
        3.0 if n < INCIDENTS // 2 else 5.0, 0.8
    ),
}


def mean_of_the_past(past: Sequence[Past], elapsed_s: float) -> Estimate | None:
    """No bounds: only its error can be told."""
    left = max(0.0, statistics.mean(one.duration_s for one in past) - elapsed_s)
    return Estimate(left, left, left, len(past))


METHODS: Mapping[str, Method] = {
    "the last that lasted so long": remaining,
    "all that lasted so long": lambda past, elapsed_s: remaining(past, elapsed_s, EVERYTHING),
    "the mean of the past": mean_of_the_past,
}


def simulate(method: Method, family: Family, histories: int, seed: int) -> dict[str, float]:
    """Coverage, the share of unknown, and the median errors, over so many histories."""
    chance = random.Random(seed)
    covered: list[float] = []
    unknown: list[float] = []
    errors: list[float] = []
    relative: list[float] = []
    for _ in range(histories):
        durations = [family(chance, n) for n in range(INCIDENTS)]
        for n in range(EARLIEST, INCIDENTS):
            past = [Past(duration) for duration in durations[:n]]
            usual = statistics.median(durations[:n])
            looks = [look * usual for look in LOOKS if look * usual < durations[n]]
            told = [(durations[n] - elapsed, method(past, elapsed)) for elapsed in looks]
            known = [(left, one) for left, one in told if one is not None]
            unknown.append(1.0 - len(known) / len(told))
            if known:
                covered.append(statistics.mean(one.low_s <= left <= one.high_s for left, one in known))
                errors.append(statistics.median(abs(one.median_s - left) for left, one in known))
                relative.append(statistics.median(abs(one.median_s - left) / left for left, one in known))
    return {
        "covered": round(statistics.mean(covered), 4),
        "unknown": round(statistics.mean(unknown), 4),
        "error_s": round(statistics.median(errors), 2),
        "relative": round(statistics.median(relative), 3),
    }


def main() -> None:
    """Simulate and print."""
    given = report.arguments(__doc__, 200)
    figures = {
        family: {name: simulate(method, draw, given.rounds, seed=7) for name, method in METHODS.items()}
        for family, draw in FAMILIES.items()
    }
    rows = []
    for family, by_method in figures.items():
        for name, found in by_method.items():
            bare = name == "the mean of the past"
            covered = "–" if bare else f"{100 * found['covered']:.1f} %"
            error, relative = f"{found['error_s']:.1f} s", f"{100 * found['relative']:.0f} %"
            rows.append([family, name, covered, f"{100 * found['unknown']:.0f} %", error, relative])
    print(report.table(("durations", "from", "90 % covered", "unknown", "median error", "of what was left"), rows))
    if given.json is not None:
        given.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
