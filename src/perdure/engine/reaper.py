"""Take up what others left: turns of dead or silent workers, turns nobody can serve, and records nobody needs.

Every worker reaps. Two that reap the same turn do no harm: the second one finds the fence changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from perdure.core.errors import Overloaded, PerdureError
from perdure.core.turn import (
    PATIENCE_S,
    Event,
    Expired,
    NotPossible,
    Outcome,
    Turn,
    WorkerLost,
    out_of_patience,
    patient_again,
)
from perdure.engine.life import apply
from perdure.ports.store import FenceLost, Records

KEEP_EVENTS_S = 24 * 3600.0
"""How long events can be replayed, in seconds; a client that was away for longer gets a snapshot."""

PRUNE_LIMIT = 2000
"""Rows that one round of tidying removes at most, so that it never holds the store for long."""

_Why = Callable[[Turn], Event]

# The model answers, and nobody has tried: others were before it.
_NO_TURN = "So many other replies were before this one that nobody came to it in time."
_ASK_AGAIN = "Ask for it again when there is less to do."


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a turn may wait for a model that does not answer, and how long one that runs may say nothing before its
    lease is taken away although it is renewed: its worker has lost it. In seconds.
    """

    patience_s: float = PATIENCE_S
    stuck_s: float = 120.0


LIMITS = Limits()


def overdue(records: Records, now: float, limits: Limits = LIMITS) -> bool:
    """Whether there is anything to reap. Only reads."""
    waiting = records.turns.waiting_since(now - limits.patience_s)
    return bool(records.turns.expired(now) or waiting or records.turns.stuck(now - limits.stuck_s))


def reap(records: Records, now: float, limits: Limits = LIMITS, absence: PerdureError | None = None) -> Sequence[Turn]:
    """Give the turns of silent workers back, and end those that have waited too long. Returns them, as they are then.

    `absence` is why the model does not answer now: what those end with that nobody has tried yet. Where a lease is
    taken from one who speaks after all, the fence keeps it from writing, and another goes on behind its last word.
    """
    held = {turn.id: turn for turn in (*records.turns.expired(now), *records.turns.stuck(now - limits.stuck_s))}
    lost = _each(records, tuple(held.values()), lambda _: WorkerLost(Outcome.EXPIRED), now)
    waited = records.turns.waiting_since(now - limits.patience_s)
    return (*lost, *_each(records, waited, _given_up(records, absence), now))


def resume(records: Records, now: float, patience_s: float = PATIENCE_S) -> int:
    """Begin to serve after a time in which perhaps nobody did: patience begins anew. Returns for how many turns.

    Otherwise whatever was on its way when the machine went down for the night would be given up in the morning, for a
    model that nobody had asked.
    """
    unserved = (*records.turns.expired(now), *records.turns.waiting_since(now - patience_s))
    forgiven = [turn for turn in unserved if out_of_patience(turn, now, patience_s)]
    for turn in forgiven:
        records.turns.save(patient_again(turn, now), turn.fence)
    return len(forgiven)


def bury(records: Records, owner: str, now: float) -> Sequence[Turn]:
    """A worker is known to be dead: give its turns back without waiting for their leases. Returns as `reap`."""
    return _each(records, records.turns.running_of(owner), lambda _: WorkerLost(Outcome.DIED), now)


def bury_predecessors(records: Records, name: str, incarnation: str, now: float) -> Sequence[Turn]:
    """A worker's name is held by one process at a time: what earlier ones of it held is free. Returns as `reap`."""
    held = records.turns.running_of_others(name, incarnation)
    return _each(records, held, lambda _: WorkerLost(Outcome.DIED), now)


def tidy(records: Records, now: float) -> bool:
    """Forget some of what nobody can still be waiting for. Returns whether there may be more of it."""
    before = now - KEEP_EVENTS_S
    records.chats.condemn_transient(before)
    pruned = records.events.prune(before, PRUNE_LIMIT)
    erased = records.chats.erase(PRUNE_LIMIT)
    return pruned > 0 or erased is not None


def _given_up(records: Records, absence: PerdureError | None) -> _Why:
    def why(turn: Turn) -> Event:
        attempts = records.turns.attempts(turn.id)
        known = attempts[-1].error if attempts else absence
        # Each its own: the id that the log has it under is added to it.
        error = copy(known) if known else Overloaded(_NO_TURN, remedy=_ASK_AGAIN)
        error.saved = True
        return Expired(error)

    return why


def _each(records: Records, turns: Sequence[Turn], why: _Why, now: float) -> Sequence[Turn]:
    taken: list[Turn] = []
    for turn in turns:
        try:
            taken.append(apply(records, turn, why(turn), now))
        except (FenceLost, NotPossible):
            continue
    return taken
