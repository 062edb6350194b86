"""What the operator sees, in few and cheap answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Response

from perdure import __version__
from perdure.core.errors import NotFound
from perdure.core.estimate import Estimate
from perdure.core.incidents import Incident
from perdure.core.load import COARSE_S, MINUTE_S
from perdure.core.orders import Order
from perdure.core.records import OpenTurn
from perdure.core.report import Maintenance, StatusReport
from perdure.core.views import instant, left_view
from perdure.engine import orders
from perdure.http.problems import Json
from perdure.http.schemas.fields import Limit
from perdure.http.schemas.overview import IncidentOut, IncidentsOut, LoadOut, MaintenanceListOut, OverviewOut
from perdure.http.service import Perdure
from perdure.ports.backends import DefaultBackend
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1/operator", tags=["operator"])

TURNS = 50

SILENT_S = 30.0


@router.get("/overview", response_model=OverviewOut)
async def overview(perdure: Perdure) -> Response:
    """Everything at a glance: how it stands, what runs, what is written and what waits, what is in force."""
    now, report = perdure.clock.now(), perdure.health.report

    def work(records: Records) -> dict[str, Any]:
        standing = orders.standing(records)
        seen = records.unforeseen.times()
        waiting = records.turns.count_queued(now, now)
        turns = records.traffic.open_turns(TURNS)
        return {
            "drain": _order(standing.drain),
            "pause": _order(standing.pause),
            "turns": [_turn(one) for one in turns],
            "queue": {"waiting": waiting, "running": report.queue.running, "left": left_view(report.queue.wait)},
            "backends": _backends(records, perdure.backends.default),
            "exceptions": sum(seen.values()),
            "exception_groups": len(seen),
            "reports": records.reports.count(),
        }

    seen = await perdure.store.read(work)
    processes = [{**row, "since": instant(row["since"])} for row in await perdure.desk.processes()]
    drill = await perdure.desk.drill()
    told = {
        "drill": None if drill is None else _drill(drill, now),
        "version": __version__,
        "at": instant(now),
        "told_at": instant(report.made_at) if report.components else None,
        "indicator": report.indicator,
        "components": _components(report),
        "incidents": [_incident(one.incident, one.left) for one in report.incidents],
        "maintenance": _maintenance(report.maintenance, now, coming=True),
    }
    return Json({**told, **seen, "processes": processes})


@router.get("/incidents", response_model=IncidentsOut)
async def incidents(perdure: Perdure, limit: Limit = 100) -> Response:
    """Incidents of the last 90 days with their stories: those that go on, then those that are over."""
    report = perdure.health.report
    found = [_incident(one.incident, one.left) for one in report.incidents]
    found += [_incident(one, None) for one in report.past]
    return Json({"incidents": found[:limit]})


@router.get("/incidents/{incident_id}", response_model=IncidentOut)
async def incident(incident_id: str, perdure: Perdure) -> Response:
    """One incident with its story."""
    report = perdure.health.report
    known = [*((one.incident, one.left) for one in report.incidents), *((one, None) for one in report.past)]
    for one, left in known:
        if one.id == incident_id:
            return Json(_incident(one, left))
    raise NotFound("There is no incident with this id.")


@router.get("/maintenance", response_model=MaintenanceListOut)
async def maintenance(perdure: Perdure) -> Response:
    """Work that is planned, goes on, or was done within the last 90 days."""
    return Json({"maintenance": _maintenance(perdure.health.report.maintenance, perdure.clock.now(), coming=False)})


@router.get("/load", response_model=LoadOut)
async def load(perdure: Perdure, span: Literal["day", "month"] = "day") -> Response:
    """Load and latency of the last day by the minute, or of the last 30 days by the quarter of an hour."""
    step_s = MINUTE_S if span == "day" else COARSE_S
    samples = await perdure.desk.load(step_s)
    return Json({"step_s": step_s, "samples": [{**one, "at": instant(one["at"])} for one in samples]})


def _order(order: Order | None) -> dict[str, Any] | None:
    return None if order is None else {"by": order.by, "at": instant(order.at)}


def _drill(told: Mapping[str, Any], now: float) -> dict[str, Any]:
    # One that has not said for long that it goes on was ended without a word.
    gone = told["state"] == "running" and now - told["at"] > SILENT_S
    return {
        "state": "cancelled" if gone else told["state"],
        "by": told["by"],
        "begun_at": instant(told["begun_at"]),
        "at": instant(told["at"]),
        "kills": told["kills"],
        "struck": told["struck"],
        "doing": told["doing"],
        "messages": told.get("messages", 0),
        "characters": told.get("characters", 0),
        "findings": told.get("findings", []),
    }


def _turn(turn: OpenTurn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "chat_id": turn.chat_id,
        "chat": turn.chat_title,
        "worker": turn.worker,
        "since": instant(turn.since),
        "length": turn.length,
    }


def _backends(records: Records, default: DefaultBackend) -> list[dict[str, Any]]:
    active, maintained = orders.active_id(records), orders.standing(records).maintained
    known: list[tuple[str, str, str, str]] = [(default.id, default.name, default.kind, default.model)]
    known += [(one.id, one.name, "added", one.model) for one in records.backends.all()]
    return [
        {
            "id": backend_id,
            "name": name,
            "kind": kind,
            "model": model,
            "active": backend_id == active,
            "maintenance": _order(maintained.get(backend_id)),
        }
        for backend_id, name, kind, model in known
    ]


def _components(report: StatusReport) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "name": one.name,
            "about": one.about,
            "level": one.level,
            "since": instant(one.since),
            "detail": one.detail,
            "group": one.group,
        }
        for one in report.components
    ]


def _incident(one: Incident, left: Estimate | None) -> dict[str, Any]:
    toll = one.toll
    return {
        "id": one.id,
        "headline": one.headline,
        "root": one.root,
        "cause": one.cause,
        "stage": one.stage,
        "impact": one.impact,
        "evidence": one.evidence,
        "opened_at": instant(one.opened_at),
        "resolved_at": instant(one.resolved_at),
        "needs_operator": one.needs_operator,
        "components": dict(one.components),
        "story": [
            {"at": instant(entry.at), "stage": entry.stage, "text": entry.text, "by": entry.by} for entry in one.story
        ],
        "toll": toll and asdict(toll),
        "left": left_view(left),
    }


def _maintenance(planned: Sequence[Maintenance], now: float, *, coming: bool) -> list[dict[str, Any]]:
    to_come = sorted((one for one in planned if one.active(now) or one.upcoming(now)), key=lambda one: one.begins_at)
    past = sorted((one for one in planned if one not in to_come), key=lambda one: -one.begins_at)
    return [
        {
            "id": one.id,
            "title": one.title,
            "text": one.text,
            "components": list(one.components),
            "begins_at": instant(one.begins_at),
            "ends_at": instant(one.ends_at),
            "state": _state(one, now),
        }
        for one in (to_come if coming else [*to_come, *past])
    ]


def _state(one: Maintenance, now: float) -> str:
    if one.cancelled_at is not None:
        return "cancelled"
    if one.active(now):
        return "active"
    return "upcoming" if one.upcoming(now) else "over"
