"""The operator has the last word: under their name, in the story, and kept; and nonsense is refused without harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perdure.core.health import Cause, Level
from perdure.core.incidents import Entry, Incident, Stage
from perdure.health.acts import Operator, Refused
from perdure.health.chronicle import Chronicle
from perdure.health.ledger import Ledger

pytestmark = pytest.mark.anyio


def incident(name: str, opened_at: float) -> Incident:
    story = (Entry(opened_at, Stage.DETECTED, f"{name} fails."),)
    return Incident(name, name, Cause.FAILING, opened_at, components={name: Level.MAJOR}, story=story)


class Desk:
    """An operator over two incidents that go on."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "health.db"
        self.now = 1_800_000_000.0
        self.ledger = Ledger(self.path)
        self.chronicle = Chronicle(self.ledger, lambda: self.now, 3600.0)
        for name in ("store", "search"):
            self.chronicle.put(incident(name, self.now - 100))
        self.operator = Operator(self.chronicle, self.ledger, frozenset({"store", "web"}), lambda: self.now)

    def does(self, kind: str, **members: Any) -> str:
        return self.operator.do({"kind": kind, "by": "Ada", **members})["id"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_note_stands_in_the_story_under_its_name(desk: Desk) -> None:
    desk.does("note", incident="store", text="A backup runs.")
    last = desk.chronicle.get("store").story[-1]
    assert (last.text, last.by, last.at) == ("A backup runs.", "Ada", desk.now)
    assert desk.ledger.acts(1)[0][:2] == (desk.now, "Ada")


def test_a_note_may_say_how_far_it_has_come(desk: Desk) -> None:
    """Of one that is over it says nothing: that stays over."""
    desk.does("note", incident="store", text="Found it.", stage="identified")
    assert desk.chronicle.get("store").stage is Stage.IDENTIFIED
    desk.does("resolve", incident="store", text="Done.")
    desk.does("note", incident="store", text="It was the backup.", stage="monitoring")
    assert desk.chronicle.get("store").stage is Stage.RESOLVED


def test_how_somebody_came_here_is_kept_and_told_nobody(desk: Desk) -> None:
    """An address is for the ledger; people see the name."""
    desk.does("note", incident="store", text="A backup runs.", via="10.0.0.7, access token")
    assert desk.chronicle.get("store").story[-1].by == "Ada"
    assert desk.operator.acts(1)[0][1:] == ("Ada (10.0.0.7, access token)", "note: incident store, text A backup runs.")


def test_what_was_done_elsewhere_is_remembered(desk: Desk) -> None:
    desk.does("did", what="restart web")
    assert desk.operator.acts(9) == [(desk.now, "Ada", "restart web")]


def test_planned_work_is_changed_in_its_place(desk: Desk) -> None:
    when = {"begins_at": desk.now + 10, "ends_at": desk.now + 100}
    planned = desk.does("plan", title="A disk", components=["store"], **when)
    desk.now += 1
    changed = {**when, "ends_at": desk.now + 500}
    assert desk.does("change", maintenance=planned, title="Two disks", components=["web"], **changed) == planned
    [one] = desk.chronicle.maintenance
    assert (one.title, one.components, one.ends_at, one.created_at) == (
        "Two disks",
        ["web"],
        desk.now + 500,
        desk.now - 1,
    )
    desk.now = one.ends_at
    with pytest.raises(Refused):
        desk.does("cancel", maintenance=planned)


def test_an_incident_is_called_what_the_operator_calls_it(desk: Desk) -> None:
    desk.does("title", incident="store", text="The nightly backup")
    assert desk.chronicle.get("store").headline == "The nightly backup"


def test_two_that_are_one_are_merged(desk: Desk) -> None:
    desk.does("merge", incident="search", into="store")
    assert desk.chronicle.get("search").merged_into == "store"
    assert set(desk.chronicle.get("store").components) == {"store", "search"}
    assert [one.id for one in desk.chronicle.open] == ["store"]
    with pytest.raises(Refused):
        desk.does("merge", incident="search", into="store")


def test_an_incident_is_over_when_the_operator_says_so(desk: Desk) -> None:
    desk.does("resolve", incident="store", text="It was me.")
    over = desk.chronicle.get("store")
    assert (over.stage, over.resolved_at, over.story[-1].by) == (Stage.RESOLVED, desk.now, "Ada")
    with pytest.raises(Refused):
        desk.does("resolve", incident="store", text="Twice.")


async def test_planned_work_is_kept_and_can_be_cancelled(desk: Desk) -> None:
    """While it goes on, its components are under maintenance; after that, or once it is cancelled, they are not."""
    when = {"begins_at": desk.now + 10, "ends_at": desk.now + 100}
    planned = desk.does("plan", title="A new disk", components=["store"], **when)
    assert desk.chronicle.maintained() == set()
    desk.now += 50
    assert desk.chronicle.maintained() == {"store"}
    await desk.chronicle.keep(1)
    again = Chronicle(Ledger(desk.path), lambda: desk.now, 3600.0)
    assert again.maintained() == {"store"}
    desk.does("cancel", maintenance=planned)
    assert desk.chronicle.maintained() == set()
    with pytest.raises(Refused):
        desk.does("cancel", maintenance=planned)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"kind": "explode", "by": "Ada"},
        {"kind": "note", "by": "", "incident": "store", "text": "Who?"},
        {"kind": "note", "by": "Ada", "incident": "nowhere", "text": "Where?"},
        {"kind": "note", "by": "Ada", "incident": "store", "text": ""},
        {"kind": "note", "by": "Ada", "incident": "store", "text": "x" * 2001},
        {"kind": "note", "by": "Ada", "incident": "store", "text": "x", "at": 5},
        {"kind": "note", "by": "Ada", "incident": "store", "text": "x", "stage": "resolved"},
        {"kind": "did", "by": "Ada", "what": ""},
        {"kind": "drill", "by": "Ada", "on": True},
        {"kind": "merge", "by": "Ada", "incident": "store", "into": "store"},
        {"kind": "plan", "by": "Ada", "title": "x", "components": [], "begins_at": 2e9, "ends_at": 3e9},
        {"kind": "plan", "by": "Ada", "title": "x", "components": ["moon"], "begins_at": 2e9, "ends_at": 3e9},
        {"kind": "plan", "by": "Ada", "title": "x", "components": ["web"], "begins_at": 3e9, "ends_at": 2e9},
        {"kind": "plan", "by": "Ada", "title": "x", "components": ["web"], "begins_at": 1.0, "ends_at": 2.0},
        {"kind": "plan", "by": "Ada", "title": "x", "components": ["web"], "begins_at": "now", "ends_at": 3e9},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(desk: Desk, asked: dict[str, Any]) -> None:
    before = (list(desk.chronicle.incidents), list(desk.chronicle.maintenance))
    with pytest.raises(Refused):
        desk.operator.do(asked)
    assert (desk.chronicle.incidents, desk.chronicle.maintenance) == before
    assert desk.ledger.acts(9) == []
