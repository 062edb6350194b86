"""The life of a turn: from the message that asks for a reply to the reply's end. This is the whole of it.

A turn is one piece of work that produces one reply. Workers try at it (attempts); whatever happens to a worker, a
backend or a connection is an event here, and `advance` says what the turn becomes and what has to be recorded. The
engine applies that in one transaction; nothing else changes a turn's state.

Every transition takes the lease away or gives a new one, so every transition raises the fence: whoever wrote under the
old one writes nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from perdure.core.errors import PerdureError, TurnSetAside
from perdure.core.lease import Lease
from perdure.core.reply import Progress

MAX_DEATHS = 3
"""Workers that may die over a turn, one after the other and without a new character, before it is set aside."""

MAX_FAILURES = 6
"""Failed attempts in a row, without a new character between them, before the turn is given up."""

PATIENCE_S = 600.0
"""How long a turn may wait for a model that does not answer, since its last new character, in seconds: by default."""


class State(StrEnum):
    """Where a turn stands. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to the turn."""
        return self in (State.DONE, State.STOPPED, State.FAILED)


class Kind(StrEnum):
    """What is asked: a reply, another one beside it (a swipe), or more behind an ended one."""

    REPLY = "reply"
    SWIPE = "swipe"
    CONTINUE = "continue"


class Outcome(StrEnum):
    """How an attempt ended, where no error of the tree names it."""

    DONE = "done"
    STOPPED = "stopped"
    RELEASED = "released"
    DIED = "worker_died"
    EXPIRED = "lease_expired"


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn's record, without the reply's text.

    `fence` only grows. `lease` is set while running. `not_before` keeps a turn from being claimed too early (back-off).
    `deaths` and `failures` count since the last new character; `progressed_at` is that character's instant, or a later
    one at which somebody was there to serve the turn again.
    All instants are Unix seconds.
    """

    id: str
    chat_id: str
    message_id: str
    parent_id: str
    kind: Kind
    created_at: float
    progressed_at: float
    state: State = State.QUEUED
    fence: int = 0
    lease: Lease | None = None
    progress: Progress = field(default_factory=Progress)
    attempt: int = 0
    deaths: int = 0
    failures: int = 0
    not_before: float = 0.0
    ended_at: float | None = None
    error: PerdureError | None = None


# --- events -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claimed:
    """A worker takes the turn on."""

    worker: str
    backend: str
    lease: Lease


@dataclass(frozen=True, slots=True)
class Finished:
    """The backend has said its last."""

    reason: str


@dataclass(frozen=True, slots=True)
class StopPressed:
    """The user has had enough; what is there stays."""


@dataclass(frozen=True, slots=True)
class Released:
    """The worker goes in good order and gives the turn back."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The backend or the way to it failed; `jitter` in [0, 1) spreads the retries. One that is away is waited for."""

    error: PerdureError
    jitter: float
    patience_s: float = PATIENCE_S


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The holder of the lease is dead, or has not renewed it (`outcome` says which)."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody could take the turn on for longer than anyone should wait."""

    error: PerdureError


Event = Claimed | Finished | StopPressed | Released | Interrupted | WorkerLost | Expired

# --- effects ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """Record that attempt `n` begins."""

    n: int
    worker: str
    backend: str


@dataclass(frozen=True, slots=True)
class CloseAttempt:
    """Record how attempt `n` ended; `error` is its reason where there is one."""

    n: int
    outcome: str
    error: PerdureError | None = None


@dataclass(frozen=True, slots=True)
class Settle:
    """The reply is whole, or as whole as it will be: put its text and state on the message."""


Effect = OpenAttempt | CloseAttempt | Settle

# --- the table --------------------------------------------------------------------------------------------------

TRANSITIONS: Mapping[State, Mapping[type[Event], tuple[State, ...]]] = {
    State.QUEUED: {
        Claimed: (State.RUNNING,),
        StopPressed: (State.STOPPED,),
        Expired: (State.FAILED,),
    },
    State.RUNNING: {
        Finished: (State.DONE,),
        StopPressed: (State.STOPPED,),
        Released: (State.QUEUED,),
        Interrupted: (State.QUEUED, State.FAILED),
        WorkerLost: (State.QUEUED, State.FAILED),
    },
    State.DONE: {},
    State.STOPPED: {},
    State.FAILED: {},
}
"""Where each event may lead. Whatever is not here is refused; the README's diagram is drawn from it."""


class NotPossible(Exception):
    """The event does not fit the state: it came too late, or from someone who has lost the lease."""


def advance(turn: Turn, event: Event, now: float) -> tuple[Turn, tuple[Effect, ...]]:
    """The turn after `event`, and what to record with it. Raises NotPossible where the table has no such way."""
    targets = TRANSITIONS[turn.state].get(type(event))
    if targets is None:
        raise NotPossible(f"{type(event).__name__} of a turn that is {turn.state}")
    after, effects = _step(turn, event, now)
    assert after.state in targets, f"{type(event).__name__} led to {after.state}"
    return replace(after, fence=turn.fence + 1), effects


def _step(turn: Turn, event: Event, now: float) -> tuple[Turn, tuple[Effect, ...]]:
    match event:
        case Claimed(worker, backend, lease):
            n = turn.attempt + 1
            return replace(turn, state=State.RUNNING, lease=lease, attempt=n), (OpenAttempt(n, worker, backend),)
        case Finished():
            return _end(turn, State.DONE, Outcome.DONE, now)
        case StopPressed():
            return _end(turn, State.STOPPED, Outcome.STOPPED, now)
        case Released():
            return _requeue(turn, now), (CloseAttempt(turn.attempt, Outcome.RELEASED),)
        case Interrupted():
            return _interrupted(turn, event, now)
        case WorkerLost(outcome):
            deaths = turn.deaths + 1
            if deaths >= MAX_DEATHS:
                error = TurnSetAside(f"{deaths} workers died over this reply, one after the other.", saved=True)
                return _end(replace(turn, deaths=deaths), State.FAILED, outcome, now, error)
            return replace(_requeue(turn, now), deaths=deaths), (CloseAttempt(turn.attempt, outcome),)
        case Expired(error):
            return _end(turn, State.FAILED, error.code, now, error)
        case _:
            assert_never(event)


def _requeue(turn: Turn, not_before: float) -> Turn:
    return replace(turn, state=State.QUEUED, lease=None, not_before=not_before)


def _end(
    turn: Turn, state: State, outcome: str, now: float, error: PerdureError | None = None
) -> tuple[Turn, tuple[Effect, ...]]:
    ended = replace(turn, state=state, lease=None, ended_at=now, error=error)
    if turn.state is State.RUNNING:
        return ended, (CloseAttempt(turn.attempt, outcome, error), Settle())
    return ended, (Settle(),)


def _interrupted(turn: Turn, event: Interrupted, now: float) -> tuple[Turn, tuple[Effect, ...]]:
    """Ask again where that can help. A backend that is away is waited for, not counted against the turn."""
    error = event.error
    failures = turn.failures if error.away else turn.failures + 1
    turn = replace(turn, failures=failures)
    if not error.retry or failures >= MAX_FAILURES or (error.away and out_of_patience(turn, now, event.patience_s)):
        return _end(turn, State.FAILED, error.code, now, error)
    wait_s = max(retry_wait_s(failures, event.jitter), error.retry_after_s or 0.0)
    return _requeue(turn, now + wait_s), (CloseAttempt(turn.attempt, error.code, error),)


def retry_wait_s(failures: int, jitter: float) -> float:
    """Seconds before the next attempt: none after a first failure, then 0.5, 1, 2, 4 s, a half of it jittered."""
    if failures <= 1:
        return 0.0
    return 0.5 * 2.0 ** (failures - 2) * (0.5 + jitter / 2)


def out_of_patience(turn: Turn, now: float, patience_s: float = PATIENCE_S) -> bool:
    """Whether the turn has gone without a new character for as long as anyone should wait."""
    return now - turn.progressed_at > patience_s


def patient_again(turn: Turn, now: float) -> Turn:
    """The turn after a time in which nobody was there to serve it: that time is not held against it."""
    return replace(turn, progressed_at=now)


def diagram() -> str:
    """The transition table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> queued"]
    for state, ways in TRANSITIONS.items():
        for event, targets in ways.items():
            lines += [f"    {state} --> {target}: {event.__name__}" for target in targets]
    lines += [f"    {state} --> [*]" for state in State if state.final]
    return "\n".join(lines)
