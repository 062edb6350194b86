"""Who does not look at the page is told what matters, once, and is not woken by what mends itself."""

from __future__ import annotations

from dataclasses import replace

from perdure.core.health import Cause, Level
from perdure.core.incidents import Entry, Incident, Stage, Toll
from perdure.core.notices import TRIES_AFTER_S, due, next_try_s

STORY = (Entry(100.0, Stage.DETECTED, "The record is locked."),)
GOES_ON = Incident("one", "store", Cause.STORE_LOCKED, 100.0, components={"store": Level.MAJOR}, story=STORY)
OVER = replace(GOES_ON, resolved_at=400.0, toll=Toll(2, 1, 0, 0))


def kinds(incident: Incident, told: set[str], now: float, after_s: float = 60.0) -> list[str]:
    return [notice.id for notice in due(incident, told, now, after_s)]


def test_what_mends_itself_in_a_moment_wakes_nobody() -> None:
    assert kinds(GOES_ON, set(), 159.0) == []
    assert kinds(replace(OVER, resolved_at=130.0), set(), 500.0) == []


def test_what_lasts_is_told_once_and_so_is_its_end() -> None:
    assert kinds(GOES_ON, set(), 160.0) == ["one-broken"]
    assert kinds(GOES_ON, {"one-broken"}, 300.0) == []
    assert kinds(OVER, {"one-broken"}, 400.0) == ["one-over"]
    assert kinds(OVER, {"one-broken", "one-over"}, 500.0) == []
    [over] = due(OVER, {"one-broken"}, 400.0, 60.0)
    assert "5 min" in over.text
    assert "0 messages were lost" in over.text


def test_what_needs_the_operator_is_told_at_once() -> None:
    assert kinds(replace(GOES_ON, needs_operator=True), set(), 101.0) == ["one-broken", "one-needs_operator"]


def test_what_the_operator_says_is_told_on() -> None:
    """Each line once; what Perdure says by itself is not."""
    said = (*STORY, Entry(200.0, Stage.IDENTIFIED, "A backup runs.", by="Ada"), Entry(201.0, Stage.RECOVERING, "…"))
    assert kinds(replace(GOES_ON, story=said), {"one-broken"}, 300.0) == ["one-update-1"]
    assert kinds(replace(GOES_ON, story=said), {"one-broken", "one-update-1"}, 300.0) == []


def test_an_incident_that_became_part_of_another_says_nothing() -> None:
    assert kinds(replace(OVER, merged_into="two"), {"one-broken"}, 500.0) == []


def test_tries_come_more_and_more_seldom_and_end() -> None:
    waits = [next_try_s(tries) for tries in range(len(TRIES_AFTER_S))]
    assert waits == sorted(wait for wait in waits if wait is not None)
    assert next_try_s(len(TRIES_AFTER_S)) is None
