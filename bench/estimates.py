"""How long will it last? Estimates held against what came, over generated histories (`bench/histories.py`).

In each of `--rounds` histories of a family some incidents are picked at random, and each is asked about as by a page
that is looked at: at once, and again whenever it has become twice as old (0, 1, 2, 4 … s), from nothing but what came
before it. All answers are scored by what the product scores its own with (`perdure.core.calibration`). Beside them
stand, on the very questions that were answered: Kaplan and Meier as in the textbook, over the whole history (the
quantiles of those that lasted longer; it says something as long as one of them did); and the mean of the past less what
has gone by, with 1.64 standard deviations to either side. Printed are, for each family, the share of truths within the
90 % bounds, how often it was unknown (and what the textbook would have been worth there), and the error of the median;
then what other choices of how many count would give, how few a history may have, and what the incidents just behind a
jump get. Chance is seeded (`--seed`), so the figures are the same each time.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from bench import report
from bench.histories import FAMILIES, JUMP_AT, LENGTH, seen
from perdure.core.calibration import Calibration, Scored, Shown, calibration
from perdure.core.estimate import RECENT, Estimate, Past, remaining

PICKED = 12
"""Incidents of a history that are asked about."""

WINDOWS = (20, RECENT, 40, 60, 10**9)
FEW = (5, 7, 9, 14, 19, 30)
BEHIND = ((0, 5), (5, 10), (10, 20), (20, 40), (40, 80))
"""Incidents since a jump, from and up to."""

Method = Callable[[Sequence[Past], float], Estimate | None]


@dataclass(frozen=True, slots=True)
class Question:
    """One look at an incident: `name` is the incident's, `left_s` the truth."""

    name: str
    past: Sequence[Past]
    elapsed_s: float
    left_s: float

    def scored(self, estimate: Estimate) -> Scored:
        """An answer to it."""
        return Scored(Shown(self.elapsed_s, self.elapsed_s, estimate, self.name), self.left_s)


def textbook(past: Sequence[Past], elapsed_s: float) -> Estimate | None:
    """The quantiles of Kaplan and Meier's curve of all that lasted longer; where it ends before one, its end."""
    lasted = sorted((one.duration_s, not one.ended) for one in past if one.duration_s > elapsed_s)
    lasting, curve = 1.0, []
    for n, (duration_s, cut_off) in enumerate(lasted):
        if not cut_off:
            lasting *= 1.0 - 1.0 / (len(lasted) - n)
            curve.append((duration_s - elapsed_s, 1.0 - lasting))
    if not curve:
        return None
    low_s, median_s, high_s = (
        next((left_s for left_s, ended in curve if ended >= share - 1e-9), curve[-1][0]) for share in (0.05, 0.5, 0.95)
    )
    return Estimate(median_s, low_s, high_s, len(lasted))


def mean(past: Sequence[Past], elapsed_s: float) -> Estimate | None:
    """The mean of all less what has gone by."""
    durations = [one.duration_s for one in past if one.ended]
    if len(durations) < 2:
        return None
    middle, spread = statistics.fmean(durations), 1.645 * statistics.stdev(durations)
    left = [max(0.0, middle + way * spread - elapsed_s) for way in (0, -1, 1)]
    return Estimate(left[0], left[1], left[2], len(durations))


def questions(family: str, rounds: int, seed: int) -> Iterator[Question]:
    """All that is asked of a family: of some incidents of each history, from its first on."""
    for n in range(rounds):
        chance = Random(f"{seed} {family} {n}")
        history = FAMILIES[family](chance)
        past = seen(history, chance)
        for k in sorted(chance.sample(range(LENGTH), PICKED)):
            yield from _looks(f"{n}/{k}", past[:k], history[k])


def _looks(name: str, past: Sequence[Past], lasted_s: float) -> Iterator[Question]:
    elapsed_s = 0.0
    while elapsed_s < lasted_s:
        yield Question(name, past, elapsed_s, lasted_s - elapsed_s)
        elapsed_s = elapsed_s * 2 or 1.0


def answered(asked: Sequence[Question], method: Method) -> list[tuple[Question, Estimate]]:
    """What a method knows."""
    answers = ((one, method(one.past, one.elapsed_s)) for one in asked)
    return [(one, estimate) for one, estimate in answers if estimate is not None]


def judged(answers: Sequence[tuple[Question, Estimate]]) -> Calibration | None:
    """How good the answers were."""
    return calibration(one.scored(estimate) for one, estimate in answers)


def percent(share: float | None) -> str:
    """A share for the tables."""
    return "-" if share is None else f"{100 * share:.1f}"


def covered(answers: Sequence[tuple[Question, Estimate]]) -> str:
    """The share of truths within the bounds."""
    found = judged(answers)
    return percent(found.covered if found else None)


def width(answers: Sequence[tuple[Question, Estimate]]) -> float:
    """How many times the lower bound the upper one is, both being a second at least; in the middle."""
    return statistics.median(max(1.0, estimate.high_s) / max(1.0, estimate.low_s) for _, estimate in answers)


def compare(asked: Sequence[Question]) -> tuple[list[object], list[object]]:
    """A family's rows: what we say, and what the others say to the same."""
    ours = answered(asked, remaining)
    known = {(one.name, one.elapsed_s) for one, _ in ours}
    same = [one for one in asked if (one.name, one.elapsed_s) in known]
    unknown = [one for one in asked if (one.name, one.elapsed_s) not in known]
    late = [one for one in unknown if len(one.past) >= LENGTH // 4]
    asked_late = sum(len(one.past) >= LENGTH // 4 for one in asked)
    books, means = answered(same, textbook), answered(same, mean)
    mine, book, plain = judged(ours), judged(books), judged(means)
    assert mine is not None
    assert book is not None
    assert plain is not None
    later = [(one, estimate) for one, estimate in ours if one.elapsed_s > 0]
    first = [(one, estimate) for one, estimate in ours if one.elapsed_s == 0]
    told = [mine.count, percent(mine.covered), covered(first), covered(later)]
    told += [percent(len(unknown) / len(asked)), percent(len(late) / asked_late), covered(answered(unknown, textbook))]
    against: list[object] = [percent(mine.covered), percent(book.covered), percent(plain.covered)]
    against += [one.median_error_s for one in (mine, book, plain)]
    against += [percent(one.median_relative_error) for one in (mine, book, plain)]
    return told, against


def windows(asked: dict[str, list[Question]]) -> Iterator[list[object]]:
    """What becomes of all families where another number of earlier ones counts."""
    for recent in WINDOWS:
        by_family = [answered(some, partial(remaining, recent=recent)) for some in asked.values()]
        found = [calibrated for answers in by_family if (calibrated := judged(answers))]
        shares = [one.covered for one in found]
        relative = statistics.fmean(one.median_relative_error for one in found)
        widths = math.exp(statistics.fmean(math.log(width(answers)) for answers in by_family))
        name = "all" if recent == WINDOWS[-1] else str(recent)
        yield [name, percent(min(shares)), percent(max(shares)), percent(relative), f"{widths:.0f}"]


def few(rounds: int, seed: int) -> Iterator[list[object]]:
    """How often the next one lies between nothing and the longest of `n`, and what we say of it."""
    chance = Random(f"{seed} few")
    for n in FEW:
        rows = [FAMILIES["log-normal"](chance)[: n + 1] for _ in range(20 * rounds)]
        inside = sum(row[n] <= max(row[:n]) for row in rows) / len(rows)
        ours = [(row[n], remaining([Past(lasted_s) for lasted_s in row[:n]], 0.0)) for row in rows]
        right = [one.low_s <= lasted_s <= one.high_s for lasted_s, one in ours if one]
        yield [n, percent(inside), percent(statistics.fmean(right)) if right else "unknown"]


def behind(rounds: int, seed: int) -> Iterator[list[object]]:
    """What those just behind a jump get."""
    for since, until in BEHIND:
        row: list[object] = [f"{since + 1} to {until}"]
        for family in ("jump to 20 times", "jump to a twentieth"):
            asked = list(_behind(family, rounds, seed, range(since, until)))
            row += [covered(answered(asked, method)) for method in (remaining, textbook)]
        yield row


def _behind(family: str, rounds: int, seed: int, since: Sequence[int]) -> Iterator[Question]:
    for n in range(rounds):
        # The history draws the place of its jump first of all, so the same chance tells it here.
        at = Random(f"{seed} {family} {n}").randrange(*JUMP_AT)
        chance = Random(f"{seed} {family} {n}")
        history = FAMILIES[family](chance)
        past = seen(history, chance)
        for k in chance.sample(since, min(len(since), 4)):
            yield from _looks(f"{n}/{k}", past[: at + k], history[at + k])


def main() -> int:
    """Print the tables; the exit status is 1 where a family's share lies outside of 85 to 95 %."""
    options = report.arguments(__doc__, rounds=400, seed=7)
    asked: dict[str, list[Question]] = {}
    told, against = {}, {}
    for family in FAMILIES:
        report.say(family)
        asked[family] = list(questions(family, options.rounds, int(options.seed)))
        told[family], against[family] = compare(asked[family])
    head = ("family", "incidents", "within %", "at once", "later", "unknown %", "of these late", "textbook there")
    print(report.table(head, [[family, *row] for family, row in told.items()]) + "\n")
    head2 = (
        "family",
        "within %",
        "textbook",
        "mean",
        "off by (s)",
        "textbook",
        "mean",
        "off by (%)",
        "textbook",
        "mean",
    )
    print(report.table(head2, [[family, *row] for family, row in against.items()]) + "\n")
    report.say("how many count")
    by_window = list(windows(asked))
    print(report.table(("counting", "least within %", "most", "off by (%)", "bounds apart"), by_window) + "\n")
    by_number = list(few(options.rounds, int(options.seed)))
    print(report.table(("earlier ones", "none to longest %", "within %"), by_number) + "\n")
    report.say("behind a jump")
    jumps = list(behind(options.rounds, int(options.seed)))
    print(report.table(("since the jump", "up", "textbook", "down", "textbook"), jumps))
    figures = {"told": told, "against": against, "windows": by_window, "few": by_number, "behind": jumps}
    report.write(options.json, figures)
    return 0 if all(85.0 <= float(str(row[1])) <= 95.0 for row in told.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
