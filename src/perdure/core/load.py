"""Load and latency over time: what was asked for, what came of it, and how soon replies began, minute by minute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from perdure.core.traffic import Moment

MINUTE_S, COARSE_S = 60, 900
KEEP_S, KEEP_COARSE_S = 24 * 3600, 30 * 24 * 3600
"""Minutes are kept for a day, quarters of an hour for thirty."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was in the span that begins at `at`, in Unix seconds: replies asked for, done, and given up; how many waited
    at most, and how many were being written at most. `first_p50_s` and `first_p95_s` are how long replies took from a
    worker's claim to their first token, in seconds; None where none began.
    """

    at: int
    asked: int = 0
    done: int = 0
    failed: int = 0
    waiting: int = 0
    running: int = 0
    first_p50_s: float | None = None
    first_p95_s: float | None = None

    @property
    def failing(self) -> float | None:
        """The share of replies that were given up, 0 to 1; None where none ended."""
        ended = self.done + self.failed
        return self.failed / ended if ended else None


@dataclass(slots=True)
class Load:
    """The last day, by its minutes; those in which nothing was are left out."""

    samples: dict[int, Sample] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    """Minutes that have changed since somebody wrote them down."""
    _firsts: tuple[int, list[float]] = (0, [])

    def take(self, moment: Moment) -> None:
        """Count one more entry of the log."""
        if moment.kind != "turn" or moment.view is None:
            return
        now = self._at(moment.at)
        match moment.view["state"]:
            case "queued" if not moment.view["attempts"]:
                self._put(replace(now, asked=now.asked + 1))
            case "done":
                self._put(replace(now, done=now.done + 1))
            case "failed":
                self._put(replace(now, failed=now.failed + 1))

    def began(self, at: float, took_s: float) -> None:
        """A reply has begun, so long after a worker took it."""
        now = self._at(at)
        if self._firsts[0] != now.at:
            self._firsts = now.at, []
        firsts = self._firsts[1]
        firsts.append(took_s)
        self._put(replace(now, first_p50_s=percentile(firsts, 0.5), first_p95_s=percentile(firsts, 0.95)))

    def stands(self, at: float, waiting: int, running: int) -> None:
        """So many wait, and are being written."""
        now = self._at(at)
        self._put(replace(now, waiting=max(now.waiting, waiting), running=max(now.running, running)))

    def tidy(self, now: float) -> None:
        """Forget what is too long ago."""
        for at in [at for at in self.samples if at < now - KEEP_S]:
            del self.samples[at]

    def coarse(self, minutes: Iterable[int]) -> Sequence[Sample]:
        """The quarters of an hour that these minutes belong to, of the minutes that are known."""
        wanted = {at - at % COARSE_S for at in minutes}
        within = sorted(at for at in self.samples if at - at % COARSE_S in wanted)
        return [
            together(start, [self.samples[at] for at in span])
            for start, span in groupby(within, key=lambda at: at - at % COARSE_S)
        ]

    def _at(self, at: float) -> Sample:
        minute = int(at // MINUTE_S) * MINUTE_S
        return self.samples.get(minute) or Sample(minute)

    def _put(self, sample: Sample) -> None:
        if sample != self.samples.get(sample.at) and sample != Sample(sample.at):
            self.samples[sample.at] = sample
            self.changed.add(sample.at)


def together(at: int, samples: Sequence[Sample]) -> Sample:
    """Several as one. Of medians the median, and of the slowest twentieth the slowest: it is said too high rather than
    too low.
    """
    medians = [one.first_p50_s for one in samples if one.first_p50_s is not None]
    slowest = [one.first_p95_s for one in samples if one.first_p95_s is not None]
    return Sample(
        at,
        asked=sum(one.asked for one in samples),
        done=sum(one.done for one in samples),
        failed=sum(one.failed for one in samples),
        waiting=max((one.waiting for one in samples), default=0),
        running=max((one.running for one in samples), default=0),
        first_p50_s=percentile(medians, 0.5) if medians else None,
        first_p95_s=max(slowest, default=None),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -int(-share * len(ranked) // 1) - 1))]
