"""What goes through all processes, counted from the log: Prometheus's counters and histograms.

They are counted here and nowhere else, so that whoever speaks replies does nothing for it, and a process that dies
takes no count with it. This process's own death sets them back to zero, as Prometheus expects of a counter.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from perdure.core.tally import Over, Replies, Said
from perdure.core.traffic import Ended, Moment
from perdure.core.turn import Outcome, State

FIRST_TOKEN_BUCKETS_S = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
REPLY_BUCKETS_S = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0, 600.0)

NOBODY = "none"
"""The fault of an attempt that did not fail."""


class Counted:
    """The counts, in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._replies = Replies()
        self._turns = Counter("perdure_turns", "Turns that have ended.", ["state"], registry=registry)
        self._attempts = Counter(
            "perdure_attempts", "Attempts at a reply that have ended.", ["outcome", "fault"], registry=registry
        )
        self._first_token = Histogram(
            "perdure_first_token_seconds",
            "From the acceptance of a turn to the first character of its reply on disk.",
            buckets=FIRST_TOKEN_BUCKETS_S,
            registry=registry,
        )
        self._reply = Histogram(
            "perdure_reply_seconds",
            "From the acceptance of a turn to the end of its whole reply.",
            buckets=REPLY_BUCKETS_S,
            registry=registry,
        )
        self._characters = Counter("perdure_reply_characters", "Characters of replies on disk.", registry=registry)
        # A rate needs something to begin from: what has not happened yet is told as zero.
        for state in State:
            if state.final:
                self._turns.labels(state)
        self._attempts.labels(Outcome.DONE, NOBODY)

    def take(self, moment: Moment, ended: Ended | None, *, new: bool) -> None:
        """Take one more entry of the log, and the attempt that has ended by it. What is not `new` was counted before,
        by an earlier life of this process.
        """
        told = self._replies.take(moment)
        if not new:
            return
        if ended is not None:
            self._attempts.labels(ended.outcome, _fault(ended)).inc()
        match told:
            case Said(characters, first_after_s):
                self._characters.inc(characters)
                if first_after_s is not None:
                    self._first_token.observe(first_after_s)
            case Over(state, after_s):
                self._turns.labels(state).inc()
                if state is State.DONE:
                    self._reply.observe(after_s)


def _fault(ended: Ended) -> str:
    if ended.outcome in (Outcome.DIED, Outcome.EXPIRED):
        return "server"
    return ended.fault or NOBODY
