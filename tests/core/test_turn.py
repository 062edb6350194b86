"""The life of a turn: the transition table, and the rules that say when enough is enough."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.errors import (
    ContextTooLong,
    ModelCut,
    ModelMissing,
    ModelOverloaded,
    ModelUnreachable,
    PerdureError,
    TurnSetAside,
)
from perdure.core.lease import LEASE_S, Lease
from perdure.core.turn import (
    MAX_DEATHS,
    MAX_FAILURES,
    PATIENCE_S,
    TRANSITIONS,
    Claimed,
    CloseAttempt,
    Event,
    Expired,
    Finished,
    Interrupted,
    Kind,
    NotPossible,
    OpenAttempt,
    Outcome,
    Released,
    Settle,
    State,
    StopPressed,
    Turn,
    WorkerLost,
    advance,
    diagram,
    out_of_patience,
    retry_wait_s,
)

NOW = 1_000.0
QUEUED = Turn("t", "c", "m", "p", Kind.REPLY, created_at=NOW, progressed_at=NOW)
CLAIM = Claimed("worker-1", "backend", Lease("worker-1:a", NOW + LEASE_S))
RUNNING, _ = advance(QUEUED, CLAIM, NOW)
FINAL = [State.DONE, State.STOPPED, State.FAILED]

SAMPLES: dict[type, tuple[Event, ...]] = {
    Claimed: (CLAIM,),
    Finished: (Finished("stop"), Finished("length")),
    StopPressed: (StopPressed(),),
    Released: (Released(),),
    Interrupted: (Interrupted(ModelCut(), 0.5), Interrupted(ContextTooLong(), 0.5)),
    WorkerLost: (WorkerLost(Outcome.DIED), WorkerLost(Outcome.EXPIRED)),
    Expired: (Expired(ModelUnreachable()),),
}
EVENTS = [event for samples in SAMPLES.values() for event in samples]

errors = st.sampled_from([ModelCut(), ModelUnreachable(), ContextTooLong(), ModelOverloaded(retry_after_s=3.0)])
events = st.one_of(
    st.builds(Claimed, st.just("worker-1"), st.just("b"), st.builds(Lease, st.just("worker-1:a"), st.floats(0, 1e9))),
    st.sampled_from([Finished("stop"), StopPressed(), Released(), Expired(ModelUnreachable())]),
    st.builds(Interrupted, errors, st.floats(0, 1, exclude_max=True)),
    st.builds(WorkerLost, st.sampled_from([Outcome.DIED, Outcome.EXPIRED])),
)


def in_state(state: State) -> Turn:
    """A turn that stands in `state`."""
    if state is State.RUNNING:
        return RUNNING
    return replace(QUEUED, state=state, ended_at=NOW if state.final else None)


def run(turn: Turn, *steps: Event, now: float = NOW) -> Turn:
    """The turn after some events at one instant."""
    for event in steps:
        turn, _ = advance(turn, event, now)
    return turn


def interrupted(turn: Turn, error: PerdureError, now: float = NOW) -> Turn:
    """The turn after an attempt that `error` ended."""
    return run(turn, CLAIM, Interrupted(error, 0.5), now=now)


def lost(turn: Turn, times: int) -> Turn:
    """The turn after `times` workers died over it."""
    for _ in range(times):
        turn = run(turn, CLAIM, WorkerLost(Outcome.DIED))
    return turn


def test_the_table_knows_every_state_and_every_event() -> None:
    """Whoever adds a state or an event has to say where it leads."""
    assert set(TRANSITIONS) == set(State)
    assert set(SAMPLES) == set(get_args(Event))
    assert {event for ways in TRANSITIONS.values() for event in ways} == set(get_args(Event))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_goes_a_way_of_the_table_or_is_refused(state: State, event: Event) -> None:
    """What the table does not have raises NotPossible; what it has leads where it says."""
    targets = TRANSITIONS[state].get(type(event))
    if targets is None:
        with pytest.raises(NotPossible):
            advance(in_state(state), event, NOW)
    else:
        assert advance(in_state(state), event, NOW)[0].state in targets


def test_every_way_of_the_table_can_be_gone() -> None:
    """No arrow of the diagram is there for show."""
    last_chance = [replace(turn, deaths=MAX_DEATHS - 1) for turn in (QUEUED, RUNNING)]
    gone = {
        (turn.state, type(event), advance(turn, event, NOW)[0].state)
        for turn in (QUEUED, RUNNING, *last_chance)
        for event in EVENTS
        if type(event) in TRANSITIONS[turn.state]
    }
    drawn = {
        (state, event, target)
        for state, ways in TRANSITIONS.items()
        for event, targets in ways.items()
        for target in targets
    }
    assert gone == drawn


@pytest.mark.parametrize("state", FINAL)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_final_state_stays(state: State, event: Event) -> None:
    """Promise 5: what has ended has ended; nothing moves it, nothing brings it back."""
    with pytest.raises(NotPossible):
        advance(in_state(state), event, NOW)


@given(st.lists(events, max_size=30), st.data())
def test_whatever_happens_the_fence_grows_and_the_lease_fits_the_state(steps: list[Event], data: st.DataObject) -> None:
    """Promise 3: every transition raises the fence, and there is a lease exactly while the turn is running."""
    turn = QUEUED
    for event in steps:
        now = NOW + data.draw(st.floats(0, 2 * PATIENCE_S))
        try:
            after, effects = advance(turn, event, now)
        except NotPossible:
            assert type(event) not in TRANSITIONS[turn.state]
            continue
        assert after.fence == turn.fence + 1
        assert (after.lease is not None) == (after.state is State.RUNNING)
        assert (after.ended_at is not None) == after.state.final
        assert (after.error is not None) == (after.state is State.FAILED)
        assert (Settle() in effects) == after.state.final
        opened = [effect.n for effect in effects if isinstance(effect, OpenAttempt)]
        closed = [effect.n for effect in effects if isinstance(effect, CloseAttempt)]
        assert opened == ([after.attempt] if after.state is State.RUNNING else [])
        assert closed == ([turn.attempt] if turn.state is State.RUNNING else [])
        assert (
            replace(
                after,
                state=turn.state,
                fence=turn.fence,
                lease=turn.lease,
                attempt=turn.attempt,
                deaths=turn.deaths,
                failures=turn.failures,
                not_before=turn.not_before,
                ended_at=turn.ended_at,
                error=turn.error,
            )
            == turn
        ), "an event changed what only the reply's text may change"
        turn = after


@given(st.lists(events, max_size=200))
def test_a_turn_without_progress_cannot_go_on_for_ever(steps: list[Event]) -> None:
    """Promise 5: deaths and failures are counted, so that no number of attempts is unbounded but by patience."""
    turn = QUEUED
    for event in steps:
        if type(event) in TRANSITIONS[turn.state]:
            turn, _ = advance(turn, event, NOW)
        if not turn.state.final:
            assert turn.deaths < MAX_DEATHS
            assert turn.failures < MAX_FAILURES


@pytest.mark.parametrize("turn", [QUEUED, RUNNING], ids=["queued", "running"])
def test_a_stop_is_final_at_once(turn: Turn) -> None:
    """The user's stop does not wait for a worker to agree; what was said is settled with it."""
    stopped, effects = advance(turn, StopPressed(), NOW + 1)
    assert stopped.state is State.STOPPED
    assert stopped.ended_at == NOW + 1
    assert stopped.error is None
    assert Settle() in effects
    closed = [effect for effect in effects if isinstance(effect, CloseAttempt)]
    assert closed == ([CloseAttempt(1, Outcome.STOPPED)] if turn is RUNNING else [])


def test_attempts_are_numbered_from_one() -> None:
    """The claim opens the next attempt in the name of its worker."""
    again, effects = advance(interrupted(QUEUED, ModelCut()), CLAIM, NOW)
    assert again.attempt == 2
    assert again.lease == CLAIM.lease
    assert effects == (OpenAttempt(2, "worker-1", "backend"),)


def test_a_turn_that_kills_three_workers_is_set_aside() -> None:
    """Promise 5: the third death in a row without a new character ends it, with the reason attached."""
    assert lost(QUEUED, MAX_DEATHS - 1).state is State.QUEUED
    ended = lost(QUEUED, MAX_DEATHS)
    assert ended.state is State.FAILED
    assert isinstance(ended.error, TurnSetAside)
    assert ended.error.saved
    assert str(MAX_DEATHS) in ended.error.detail


def test_a_frozen_worker_counts_as_much_as_a_dead_one() -> None:
    """Whether its end was seen or its lease ran out, a worker was lost over the turn."""
    turn = QUEUED
    for outcome in (Outcome.DIED, Outcome.EXPIRED, Outcome.DIED):
        turn, effects = advance(run(turn, CLAIM), WorkerLost(outcome), NOW)
        assert CloseAttempt(turn.attempt, outcome, turn.error) in effects
    assert turn.state is State.FAILED


def test_a_worker_that_goes_in_good_order_is_held_against_nobody() -> None:
    """A release (an update, a restart) can be claimed again at once, however often it happens."""
    turn = QUEUED
    for _ in range(3 * MAX_FAILURES):
        turn = run(turn, CLAIM, Released())
    assert (turn.state, turn.deaths, turn.failures) == (State.QUEUED, 0, 0)
    assert turn.not_before <= NOW


def test_failures_in_a_row_are_counted() -> None:
    """A backend that fails and fails is asked a bounded number of times; its last error is the turn's."""
    turn = QUEUED
    for _ in range(MAX_FAILURES - 1):
        turn = interrupted(turn, ModelCut())
        assert turn.state is State.QUEUED
    error = ModelCut("for the last time")
    ended = interrupted(turn, error)
    assert ended.state is State.FAILED
    assert ended.error is error


def test_an_error_that_asking_again_cannot_mend_ends_the_turn() -> None:
    """A rejected key, a context too long: the person hears of it at once."""
    error = ContextTooLong()
    ended, effects = advance(RUNNING, Interrupted(error, 0.0), NOW)
    assert ended.state is State.FAILED
    assert ended.error is error
    assert effects == (CloseAttempt(1, "context_too_long", error), Settle())


def test_a_backend_that_is_away_is_waited_for() -> None:
    """An outage is nobody's failure: as often as it is asked in vain, the turn waits, until patience ends."""
    turn = QUEUED
    for _ in range(10 * MAX_FAILURES):
        turn = interrupted(turn, ModelUnreachable(), now=NOW + PATIENCE_S)
        assert turn.state is State.QUEUED
        assert turn.failures == 0
    assert interrupted(turn, ModelUnreachable(), now=NOW + PATIENCE_S + 1).state is State.FAILED


def test_patience_counts_from_the_last_new_character() -> None:
    """A long reply is not given up for being long."""
    turn = replace(RUNNING, progressed_at=NOW + 10_000)
    assert not out_of_patience(turn, NOW + 10_000 + PATIENCE_S)
    assert out_of_patience(turn, NOW + 10_001 + PATIENCE_S)


def test_waiting_for_too_long_ends_a_turn_with_its_reason() -> None:
    """Promise 5: no spinner outlives its cause, though nobody ever could take the turn on."""
    error = ModelMissing("nothing here")
    ended, effects = advance(QUEUED, Expired(error), NOW)
    assert (ended.state, ended.error, effects) == (State.FAILED, error, (Settle(),))


@pytest.mark.parametrize(
    ("failures", "least_s", "most_s"),
    [(0, 0.0, 0.0), (1, 0.0, 0.0), (2, 0.25, 0.5), (3, 0.5, 1.0), (4, 1.0, 2.0), (5, 2.0, 4.0)],
)
def test_back_off_doubles_and_half_of_it_is_chance(failures: int, least_s: float, most_s: float) -> None:
    """The first failure is tried again at once; after that the wait doubles, and jitter spreads a half of it."""
    assert retry_wait_s(failures, 0.0) == least_s
    assert retry_wait_s(failures, 1.0) == most_s


def test_a_wait_keeps_the_turn_from_being_claimed_too_early() -> None:
    """`not_before` is the instant of the failure and the wait; a backend's own wish weighs more than ours."""
    once = interrupted(QUEUED, ModelCut())
    assert once.not_before == NOW
    assert interrupted(once, ModelCut()).not_before == NOW + retry_wait_s(2, 0.5)
    assert interrupted(once, ModelOverloaded(retry_after_s=30.0)).not_before == NOW + 30.0
    assert interrupted(once, ModelOverloaded(retry_after_s=0.01)).not_before == NOW + retry_wait_s(2, 0.5)


def test_the_diagram_is_the_table() -> None:
    """The picture in the README has every way once, and nothing else."""
    head, *lines = diagram().splitlines()
    assert head == "stateDiagram-v2"
    ways = [
        f"    {state} --> {target}: {event.__name__}"
        for state, events_ in TRANSITIONS.items()
        for event, targets in events_.items()
        for target in targets
    ]
    ends = [f"    {state} --> [*]" for state in FINAL]
    assert sorted(lines) == sorted(["    [*] --> queued", *ways, *ends])
