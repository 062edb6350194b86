"""The report as Atlassian's Statuspage tells it (https://metastatuspage.com/api/v2), for the clients that know that.

What Perdure knows beyond it stands under a member `perdure`, which they pass over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perdure.core.estimate import Estimate, in_words
from perdure.core.health import Level
from perdure.core.incidents import Entry, Incident, Stage
from perdure.core.report import VITAL, Component, Maintenance, StatusReport
from perdure.statuspage.words import begun, instant, whole

LATELY = 50
"""So many incidents are listed, as Statuspage has it."""

_STATUS: Mapping[Stage, str] = {
    Stage.DETECTED: "investigating",
    Stage.IDENTIFIED: "identified",
    Stage.RECOVERING: "identified",
    Stage.MONITORING: "monitoring",
    Stage.RESOLVED: "resolved",
}
_IMPACT: Mapping[Level, str] = {
    Level.OPERATIONAL: "none",
    Level.MAINTENANCE: "maintenance",
    Level.DEGRADED: "minor",
    Level.PARTIAL: "major",
    Level.MAJOR: "major",
}

Document = dict[str, Any]


def documents(report: StatusReport, now: float) -> Mapping[str, Document]:
    """All documents, by their names under `/api/v2/`."""
    told = _Told(report, now)
    page, status = told.page(), told.status()
    components = [told.component(n, one) for n, one in enumerate(report.components, 1)]
    going_on = [told.incident(one.incident, one.left) for one in report.incidents]
    lately = [*going_on, *(told.incident(one, None) for one in report.past)][:LATELY]
    planned = [told.maintenance(one) for one in sorted(report.maintenance, key=lambda one: -one.begins_at)]
    upcoming = [one for one in planned if one["status"] == "scheduled"]
    active = [one for one in planned if one["status"] == "in_progress"]
    whole = {"page": page, "components": components, "incidents": going_on}
    return {
        "summary": {**whole, "scheduled_maintenances": [*active, *upcoming], "status": status},
        "status": {"page": page, "status": status},
        "components": {"page": page, "components": components},
        "incidents": {"page": page, "incidents": lately},
        "incidents/unresolved": {"page": page, "incidents": going_on},
        "scheduled-maintenances": {"page": page, "scheduled_maintenances": planned[:LATELY]},
        "scheduled-maintenances/upcoming": {"page": page, "scheduled_maintenances": upcoming},
        "scheduled-maintenances/active": {"page": page, "scheduled_maintenances": active},
    }


class _Told:
    """One report, told member by member."""

    def __init__(self, report: StatusReport, now: float) -> None:
        self._report = report
        self._now = now
        self._page_id = _id("page", report.name)
        self._since = begun(report)

    def page(self) -> Document:
        return {
            "id": self._page_id,
            "name": self._report.name,
            "url": self._report.url or "",
            "time_zone": "Etc/UTC",
            "updated_at": instant(self._report.made_at),
        }

    def status(self) -> Document:
        return {"indicator": str(self._report.indicator), "description": whole(self._report)}

    def component(self, position: int, one: Component) -> Document:
        parts = [_id("component", part.id) for part in self._report.components if part.group == one.id]
        group = {"components": parts} if parts else {}
        return {
            "id": _id("component", one.id),
            "name": one.name,
            "status": str(one.level),
            "created_at": self._since,
            "updated_at": instant(one.since),
            "position": position,
            "description": one.about,
            "showcase": one.group is None,
            "start_date": self._since[:10],
            "group_id": None if one.group is None else _id("component", one.group),
            "page_id": self._page_id,
            "group": bool(parts),
            "only_show_if_degraded": False,
            **group,
        }

    def incident(self, one: Incident, left: Estimate | None) -> Document:
        updates = [self._update(one, n, entry) for n, entry in enumerate(one.story)][::-1]
        watched = [entry.at for entry in one.story if entry.stage is Stage.MONITORING]
        affected = [position for position in enumerate(self._report.components, 1) if position[1].id in one.components]
        estimate = None if left is None else {**_members(left), "text": in_words(left)}
        toll = None if one.toll is None else _members(one.toll)
        return {
            "id": one.id,
            "name": one.headline,
            "status": _STATUS[one.stage],
            "created_at": instant(one.opened_at),
            "updated_at": instant(one.story[-1].at if one.story else one.opened_at),
            "monitoring_at": instant(watched[-1]) if watched else None,
            "resolved_at": None if one.resolved_at is None else instant(one.resolved_at),
            "impact": _impact(one),
            "shortlink": f"{self._report.url or ''}/status/incidents/{one.id}",
            "started_at": instant(one.opened_at),
            "page_id": self._page_id,
            "incident_updates": updates,
            "components": [self.component(n, component) for n, component in affected],
            "perdure": {
                "root": one.root,
                "cause": one.cause,
                "stage": str(one.stage),
                "needs_operator": one.needs_operator,
                "left": estimate,
                "toll": toll,
            },
        }

    def maintenance(self, one: Maintenance) -> Document:
        updates = [_update(one.id, status, at, status, said, None) for at, status, said in _steps(one, self._now)]
        last = updates[-1]
        affected = [position for position in enumerate(self._report.components, 1) if position[1].id in one.components]
        return {
            "id": one.id,
            "name": one.title,
            "status": last["status"],
            "created_at": instant(one.created_at),
            "updated_at": last["updated_at"],
            "monitoring_at": None,
            "resolved_at": last["updated_at"] if last["status"] == "completed" else None,
            "impact": "maintenance",
            "shortlink": f"{self._report.url or ''}/status/maintenance/{one.id}",
            "started_at": instant(one.begins_at),
            "page_id": self._page_id,
            "incident_updates": updates[::-1],
            "components": [self.component(n, component) for n, component in affected],
            "scheduled_for": instant(one.begins_at),
            "scheduled_until": instant(one.ends_at),
        }

    def _update(self, incident: Incident, n: int, entry: Entry) -> Document:
        named = {component.id: component.name for component in self._report.components}
        affected: Sequence[Document] = [
            {
                "code": _id("component", component),
                "name": named.get(component, component),
                "old_status": str(Level.OPERATIONAL if n == 0 else level),
                "new_status": str(Level.OPERATIONAL if entry.stage is Stage.RESOLVED else level),
            }
            for component, level in incident.components.items()
        ]
        return _update(incident.id, str(n), entry.at, _STATUS[entry.stage], entry.text, affected or None)


def _impact(one: Incident) -> str:
    """As bad as it makes the whole page: without what is vital nobody can do anything."""
    if any(one.components.get(name) is Level.MAJOR for name in VITAL):
        return "critical"
    return _IMPACT[one.impact]


def _steps(one: Maintenance, now: float) -> Iterator[tuple[float, str, str]]:
    """What has become of planned work so far, the first first: when, its status from then on, and what is said."""
    yield one.created_at, "scheduled", one.text
    ended_at = one.ends_at if one.cancelled_at is None else one.cancelled_at
    if one.begins_at <= now and one.begins_at < ended_at:
        yield one.begins_at, "in_progress", "It has begun."
    if ended_at <= now:
        yield ended_at, "completed", "It is over." if one.cancelled_at is None else "It was cancelled."


def _update(of: str, key: str, at: float, status: str, body: str, affected: Sequence[Document] | None) -> Document:
    return {
        "id": _id("update", of, key),
        "status": status,
        "body": body,
        "incident_id": of,
        "created_at": instant(at),
        "updated_at": instant(at),
        "display_at": instant(at),
        "affected_components": affected,
    }


def _id(*parts: str) -> str:
    """Statuspage's ids are short and say nothing."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:12]


def _members(of: Any) -> Document:
    return {name: getattr(of, name) for name in of.__slots__}
