"""A plan follows from its seed, and strikes nothing that it must not."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from perdure.core.lease import HEARTBEAT_S, LEASE_S
from perdure.drill.plan import FREEZES_S, Kind, Moment, draw, possible


@given(st.integers(), st.integers(1, 100), st.integers(1, 8))
def test_the_same_seed_is_the_same_plan(seed: int, kills: int, conversations: int) -> None:
    """Strike by strike; and everything in it can be carried out."""
    plan = draw(Random(seed), kills, conversations, list(Kind))
    assert plan == draw(Random(seed), kills, conversations, list(Kind))
    assert [strike.n for strike in plan] == list(range(1, kills + 1))
    assert all(0 <= strike.conversation < conversations for strike in plan)
    assert all((strike.freeze_s > 0) == strike.kind.freezes for strike in plan)


@given(st.integers())
def test_kinds_take_turns(seed: int) -> None:
    """No child dies so often in a row that the supervisor rightly gives it a rest."""
    counts = Counter(strike.kind for strike in draw(Random(seed), 50, 4, list(Kind)))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_every_moment_comes() -> None:
    """Also the ones in which nothing, or only an acknowledgement, has been said."""
    assert {strike.moment for strike in draw(Random(7), 50, 4, list(Kind))} == set(Moment)


def test_a_revived_worker_has_lost_its_lease() -> None:
    """A freeze that is shorter than a lease makes no zombie."""
    assert FREEZES_S[Kind.REVIVE_WORKER][0] > LEASE_S + HEARTBEAT_S


def test_the_supervisor_of_others_is_left_alone() -> None:
    """Whoever runs that server has to be able to rely on it afterwards."""
    assert {kind.role for kind in possible(own_server=False, model=True)} == {"worker", "web", "model"}
    assert Kind.REVIVE_WORKER not in possible(own_server=False, model=True)


def test_only_what_is_there_is_struck() -> None:
    """A model that somebody else runs, elsewhere, is no process of ours."""
    assert {kind.role for kind in possible(own_server=True, model=False)} == {"worker", "web", "supervisor"}
    assert possible(own_server=True, model=True, only=[Kind.KILL_WEB]) == (Kind.KILL_WEB,)
