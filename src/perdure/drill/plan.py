"""What strikes when: drawn from a seed before anything is started, so that the same seed is the same plan. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What is done to whom. To kill is SIGKILL, to freeze is SIGSTOP and after a while SIGCONT."""

    KILL_WORKER = "kill worker"
    KILL_WEB = "kill web"
    KILL_MODEL = "kill model"
    KILL_ALL = "kill everything"
    """The supervisor and all its processes at once, and then a new `serve`."""
    KILL_SUPERVISOR = "kill supervisor"
    """The supervisor alone: its processes have to follow by themselves. And then a new `serve`."""
    FREEZE_WORKER = "freeze worker"
    FREEZE_WEB = "freeze web"
    FREEZE_MODEL = "freeze model"
    REVIVE_WORKER = "revive worker"
    """A freeze that outlasts the lease, with the supervisor frozen too, so that nobody kills the worker meanwhile: it
    comes back as a zombie, with a lease that somebody else has."""

    @property
    def role(self) -> str:
        """Whose process is struck, in the words of the list of processes."""
        return {"everything": "supervisor"}.get(self.split()[1], self.split()[1])

    @property
    def freezes(self) -> bool:
        """Whether the victim may come back to life."""
        return self in (Kind.FREEZE_WORKER, Kind.FREEZE_WEB, Kind.FREEZE_MODEL, Kind.REVIVE_WORKER)

    @property
    def restarts_server(self) -> bool:
        """Whether the whole server is gone after it, and connections are refused for that while."""
        return self in (Kind.KILL_ALL, Kind.KILL_SUPERVISOR)


class Moment(StrEnum):
    """When it strikes, in the life of a conversation's next message."""

    SENDING = "sending"
    """While the message is on its way: nobody has promised anything yet."""
    ACCEPTED = "accepted"
    """The moment it was acknowledged."""
    SPEAKING = "speaking"
    """Behind a number of tokens of the reply."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike. `tokens` counts from when the strike before is over; durations are in seconds."""

    n: int
    kind: Kind
    conversation: int
    moment: Moment
    tokens: int
    delay_s: float
    freeze_s: float
    pick: float
    """Chooses among equal victims, in [0, 1)."""


MOMENTS = ((Moment.SENDING, 0.1), (Moment.ACCEPTED, 0.15), (Moment.SPEAKING, 0.75))
MOST_TOKENS = 30
LONGEST_DELAY_S = 0.02

FREEZES_S = {
    # Hiccups that nobody need notice, and freezes that the supervisor (2 s) or the stall timer has to end.
    Kind.FREEZE_WORKER: (0.2, 5.0),
    Kind.FREEZE_WEB: (0.2, 5.0),
    Kind.FREEZE_MODEL: (0.2, 5.0),
    # Past the lease of 2 s and the heartbeat after which others look for what ran out.
    Kind.REVIVE_WORKER: (2.7, 3.6),
}


def draw(rng: Random, kills: int, conversations: int, kinds: Sequence[Kind]) -> tuple[Strike, ...]:
    """`kills` strikes over so many conversations.

    Kinds come in shuffled rounds, so that a short drill has nearly every kind and no child is struck so often in a row
    that the supervisor rightly gives it a rest.
    """
    deck: list[Kind] = []
    strikes: list[Strike] = []
    for n in range(1, kills + 1):
        if not deck:
            deck = list(kinds)
            rng.shuffle(deck)
        kind = deck.pop()
        strikes.append(
            Strike(
                n=n,
                kind=kind,
                conversation=rng.randrange(conversations),
                moment=_moment(rng.random()),
                tokens=rng.randrange(MOST_TOKENS),
                delay_s=rng.random() * LONGEST_DELAY_S,
                freeze_s=round(rng.uniform(*FREEZES_S[kind]), 3) if kind in FREEZES_S else 0.0,
                pick=rng.random(),
            )
        )
    return tuple(strikes)


def possible(*, own_server: bool, model: bool, only: Sequence[Kind] = ()) -> tuple[Kind, ...]:
    """The kinds that can be carried out: a supervisor that somebody else runs is left alone."""
    theirs = {Kind.KILL_ALL, Kind.KILL_SUPERVISOR, Kind.REVIVE_WORKER}
    return tuple(
        kind
        for kind in Kind
        if (own_server or kind not in theirs) and (model or kind.role != "model") and (not only or kind in only)
    )


def _moment(drawn: float) -> Moment:
    for moment, share in MOMENTS:
        if drawn < share:
            return moment
        drawn -= share
    return MOMENTS[-1][0]
