"""A component's level is what its looks agree upon: told soon, taken back late, and never flapping."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from perdure.core.health import RULES, Cause, Finding, Level, Standing, judge, settle_s, worst

LOOK_S = 0.5
WELL = Finding()
DOWN = Finding(Level.MAJOR, Cause.NO_ANSWER, "Nothing answered.")
SLOW = Finding(Level.DEGRADED, Cause.STORE_SLOW, "It took 2 s.")
DEAD = Finding(Level.MAJOR, Cause.PROCESS_DIED, "It was killed by SIGKILL.", certain=True)

findings = st.sampled_from([WELL, DOWN, SLOW, DEAD])


def over(looks: Sequence[Finding], standing: Standing | None = None, begun: float = 0.0) -> list[Standing]:
    """How it stood after each look, one every half second."""
    stood = []
    standing = standing or Standing()
    for n, finding in enumerate(looks):
        standing = judge(standing, finding, begun + n * LOOK_S)
        stood.append(standing)
    return stood


def test_one_lost_answer_is_told_to_nobody() -> None:
    """A single bad look between good ones says more of the look."""
    assert {one.level for one in over([WELL, DOWN, WELL, WELL, DOWN, WELL])} == {Level.OPERATIONAL}


def test_bad_looks_that_confirm_one_another_are_told_within_two_looks() -> None:
    """0.6 s of them, so at the third one."""
    assert [one.level.unwell for one in over([WELL, DOWN, DOWN, DOWN])] == [False, False, False, True]


def test_what_is_certain_is_told_at_once() -> None:
    """The kernel does not err about a death."""
    assert over([WELL, DEAD])[-1].level is Level.MAJOR


def test_looks_that_differ_are_told_as_the_mildest_of_them() -> None:
    """All of them found at least that much."""
    assert over([WELL, DOWN, SLOW, DOWN])[-1].level is Level.DEGRADED
    assert over([WELL, SLOW, DOWN, DOWN])[-1].level is Level.DEGRADED


def test_it_is_believed_to_be_well_only_once_that_has_lasted() -> None:
    """Three seconds of good looks; a bad one in between begins them anew."""
    fallen = over([DEAD])[-1]
    stood = over([WELL] * 4 + [DOWN] + [WELL] * 8, fallen, 1.0)
    assert [one.level.unwell for one in stood] == [True] * 10 + [False] * 3
    assert stood[0].recovering
    assert not stood[4].recovering


def test_the_newer_reason_is_shown() -> None:
    """Unwell as before, but for something that was found out since."""
    told = over([DEAD, DOWN])[-1]
    assert (told.level, told.finding.cause, told.since) == (Level.MAJOR, Cause.NO_ANSWER, 0.0)


def test_what_falls_again_and_again_has_to_be_well_for_longer() -> None:
    """Each fall within two minutes doubles it, up to a minute; after two quiet minutes it is forgiven."""
    standing, now, waits = Standing(), 0.0, []
    for _ in range(8):
        standing = judge(standing, DEAD, now)
        waits.append(settle_s(standing))
        well_at = now
        while standing.level.unwell:
            now += LOOK_S
            standing = judge(standing, WELL, now)
        assert now - well_at >= waits[-1]
        now += LOOK_S
    assert waits[:5] == [3.0, 6.0, 12.0, 24.0, 48.0]
    assert max(waits) <= RULES.longest_settle_s
    assert settle_s(judge(standing, DEAD, now + RULES.flap_window_s)) == RULES.settle_s


@given(st.lists(findings, max_size=200))
def test_whatever_the_looks_find_the_page_does_not_flap(looks: list[Finding]) -> None:
    """It is never shown as well again before it was well for as long as that takes: two changes are far apart."""
    stood = over(looks)
    pairs = list(enumerate(pairwise(stood), 1))
    well_again = [n for n, (before, after) in pairs if before.level.unwell and not after.level.unwell]
    for n in well_again:
        assert not any(finding.level.unwell for finding in looks[n - int(RULES.settle_s / LOOK_S) + 1 : n + 1])
    for one, other in pairwise(well_again):
        assert (other - one) * LOOK_S >= RULES.settle_s


@given(st.lists(findings, max_size=100), findings.filter(lambda finding: finding.level.unwell))
def test_what_stays_broken_is_always_told(looks: list[Finding], broken: Finding) -> None:
    """Whatever came before, three looks say that it is, and three more how badly."""
    stood = over([*looks, *[broken] * 6])
    assert stood[-4].level.unwell
    assert stood[-1].level.severity >= broken.level.severity


@given(st.lists(findings, max_size=100))
def test_what_stays_well_is_always_told(looks: list[Finding]) -> None:
    """However often it fell before, after a minute it is shown as well."""
    assert not over([*looks, *[WELL] * int(RULES.longest_settle_s / LOOK_S + 2)])[-1].level.unwell


def test_maintenance_is_nothing_broken() -> None:
    """It is worse than nothing, and milder than anything that is broken."""
    assert not Level.MAINTENANCE.unwell
    assert worst([Level.OPERATIONAL, Level.MAINTENANCE]) is Level.MAINTENANCE
    assert worst([Level.DEGRADED, Level.MAINTENANCE]) is Level.DEGRADED
    assert worst([]) is Level.OPERATIONAL
