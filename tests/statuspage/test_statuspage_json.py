"""The JSON is Statuspage's, member by member, and clients that were written for that read it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from perdure.core.diagnosis.statuspage import reported
from perdure.core.report import Maintenance
from perdure.statuspage.site import DOCUMENTS
from perdure.statuspage.statuspage_json import documents

from .reports import BROKEN, DOWN, NOW, REPORTS, WELL

TEXT, INSTANT, FLAG, COUNT, MAYBE = str, "instant", bool, int, None

PAGE = {"id": TEXT, "name": TEXT, "url": TEXT, "time_zone": TEXT, "updated_at": INSTANT}
STATUS = {"indicator": ("none", "minor", "major", "critical", "maintenance"), "description": TEXT}
COMPONENT = {
    "id": TEXT,
    "name": TEXT,
    "status": ("operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"),
    "created_at": INSTANT,
    "updated_at": INSTANT,
    "position": COUNT,
    "description": TEXT,
    "showcase": FLAG,
    "start_date": TEXT,
    "group_id": (TEXT, MAYBE),
    "page_id": TEXT,
    "group": FLAG,
    "only_show_if_degraded": FLAG,
}
UPDATE = {
    "id": TEXT,
    "status": ("investigating", "identified", "monitoring", "resolved"),
    "body": TEXT,
    "incident_id": TEXT,
    "created_at": INSTANT,
    "updated_at": INSTANT,
    "display_at": INSTANT,
    "affected_components": list,
}
INCIDENT = {
    "id": TEXT,
    "name": TEXT,
    "status": ("investigating", "identified", "monitoring", "resolved", "postmortem"),
    "created_at": INSTANT,
    "updated_at": INSTANT,
    "monitoring_at": (INSTANT, MAYBE),
    "resolved_at": (INSTANT, MAYBE),
    "impact": ("none", "minor", "major", "critical", "maintenance"),
    "shortlink": TEXT,
    "started_at": INSTANT,
    "page_id": TEXT,
    "incident_updates": list,
    "components": list,
}
MAINTENANCE = {
    **{name: kind for name, kind in INCIDENT.items() if name != "status"},
    "status": ("scheduled", "in_progress", "verifying", "completed"),
    "scheduled_for": INSTANT,
    "scheduled_until": INSTANT,
}


PLANNED = {
    **UPDATE,
    "status": ("scheduled", "in_progress", "completed"),
    "affected_components": None,
}


def fits(value: Any, kind: Any) -> bool:
    """Whether a member is of its kind; of several kinds or words it is one."""
    if isinstance(kind, tuple):
        return any(fits(value, one) for one in kind)
    if kind is INSTANT:
        return isinstance(value, str) and value.endswith("Z") and len(value) == len("2026-11-26T15:00:00.000Z")
    return value == kind if kind is None or isinstance(kind, str) else type(value) is kind


def check(document: dict[str, Any], shape: dict[str, Any]) -> None:
    """All members are there, and each is of its kind."""
    wrong = {name: document.get(name, "missing") for name, kind in shape.items() if not fits(document.get(name), kind)}
    assert wrong == {}


@pytest.mark.parametrize("name", REPORTS)
def test_every_member_is_there_and_of_its_kind(name: str) -> None:
    """By the public description of Statuspage's API, in every document."""
    found = documents(REPORTS[name], NOW)
    assert tuple(found) == DOCUMENTS
    for document in found.values():
        check(document["page"], PAGE)
        if "status" in document:
            check(document["status"], STATUS)
        for component in document.get("components", ()):
            check(component, COMPONENT)
        for incident in document.get("incidents", ()):
            check(incident, INCIDENT)
            for update in incident["incident_updates"]:
                check(update, UPDATE)
            for component in incident["components"]:
                check(component, COMPONENT)
        for maintenance in document.get("scheduled_maintenances", ()):
            check(maintenance, MAINTENANCE)
            for update in maintenance["incident_updates"]:
                check(update, PLANNED)
            for component in maintenance["components"]:
                check(component, COMPONENT)


def test_groups_name_their_parts_and_parts_their_group() -> None:
    components = {one["name"]: one for one in documents(WELL, NOW)["components"]["components"]}
    whole = components["Replies"]
    parts = [components["worker-1"]["id"], components["worker-2"]["id"]]
    assert (whole["group"], whole["components"]) == (True, parts)
    assert components["worker-1"]["group_id"] == whole["id"]
    assert [one["position"] for one in components.values()] == list(range(1, 9))


def test_the_summary_has_what_goes_on_and_what_is_planned() -> None:
    """What is over stands in the list of all incidents, what is over of the planned in the list of all of it."""
    summary = documents(BROKEN, NOW)["summary"]
    assert [one["status"] for one in summary["incidents"]] == ["identified"]
    assert [one["status"] for one in summary["scheduled_maintenances"]] == ["in_progress"]
    assert len(documents(BROKEN, NOW)["incidents"]["incidents"]) == 3
    assert documents(WELL, NOW)["scheduled-maintenances/upcoming"]["scheduled_maintenances"][0]["status"] == "scheduled"
    assert documents(WELL, NOW)["incidents/unresolved"]["incidents"] == []


def test_updates_come_the_last_one_first() -> None:
    updates = documents(BROKEN, NOW)["incidents"]["incidents"][0]["incident_updates"]
    assert [one["created_at"] for one in updates] == sorted((one["created_at"] for one in updates), reverse=True)


def test_each_update_tells_what_it_has_changed() -> None:
    """The first one that something broke, the last one that it works again, those between them nothing."""
    updates = documents(WELL, NOW)["incidents"]["incidents"][0]["incident_updates"][::-1]
    changes = [[(one["old_status"], one["new_status"]) for one in each["affected_components"]] for each in updates]
    broke, stays, mended = ("operational", "major_outage"), ("major_outage",) * 2, ("major_outage", "operational")
    assert changes == [[broke], [stays], [stays], [mended]]


def test_an_incident_is_as_bad_as_it_makes_the_page() -> None:
    """Without what is vital nobody can do anything, and without the model nobody is answered."""
    assert documents(DOWN, NOW)["status"]["status"]["indicator"] == "critical"
    assert {one["impact"] for one in documents(DOWN, NOW)["incidents"]["incidents"]} == {"critical"}
    assert documents(BROKEN, NOW)["status"]["status"]["indicator"] == "major"
    assert documents(BROKEN, NOW)["incidents/unresolved"]["incidents"][0]["impact"] == "major"


def planned(begins_in: float, ends_in: float, cancelled_ago: float | None = None) -> list[tuple[str, str]]:
    """The updates of planned work that was announced an hour ago, the first first: status, and when."""
    cancelled = None if cancelled_ago is None else NOW - cancelled_ago
    one = Maintenance("m", "Work", "", [], NOW + begins_in, NOW + ends_in, NOW - 3600, cancelled)
    [told] = documents(replace(WELL, maintenance=[one]), NOW)["scheduled-maintenances"]["scheduled_maintenances"]
    assert told["status"] == told["incident_updates"][0]["status"]
    assert (told["resolved_at"] is not None) == (told["status"] == "completed")
    return [(each["status"], each["created_at"][11:16]) for each in told["incident_updates"][::-1]]


def test_planned_work_tells_what_has_become_of_it_and_when() -> None:
    assert planned(600, 1200) == [("scheduled", "14:00")]
    assert planned(-600, 600) == [("scheduled", "14:00"), ("in_progress", "14:50")]
    assert planned(-1200, -600) == [("scheduled", "14:00"), ("in_progress", "14:40"), ("completed", "14:50")]
    assert planned(600, 1200, 60) == [("scheduled", "14:00"), ("completed", "14:59")]
    assert planned(-600, 600, 1200) == [("scheduled", "14:00"), ("completed", "14:40")]
    assert planned(-600, 600, 60) == [("scheduled", "14:00"), ("in_progress", "14:50"), ("completed", "14:59")]


def test_components_are_as_old_as_what_is_known_of_them() -> None:
    """And not a moment older with each report."""
    for later in (0.0, 60.0):
        found = documents(replace(WELL, made_at=NOW + later), NOW + later)["components"]["components"]
        assert {one["created_at"] for one in found} == {"2026-09-07T00:00:00.000Z"}


def test_what_only_perdure_knows_stands_apart() -> None:
    """How long it lasts, what it has done, whether it needs the operator: under a member of its own."""
    told = documents(BROKEN, NOW)["summary"]["incidents"][0]["perdure"]
    assert told["left"]["text"] == "about 40 s (10 s to 2.5 min)"
    assert told["toll"] == {"turns": 3, "chats": 2, "people": 0, "failed": 0, "lost": 0}
    assert documents(DOWN, NOW)["summary"]["incidents"][0]["perdure"]["needs_operator"]


def test_perdures_own_diagnosis_reads_it() -> None:
    """`perdure diagnose` knows Statuspage's JSON."""
    seen = reported(documents(BROKEN, NOW)["summary"], "talk.example")
    assert seen is not None
    assert "The model does not answer" in seen.detail
