"""What the operator sees: everything at a glance, incidents, planned work, load and latency."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from perdure.http.schemas.messages import LeftOut
from perdure.http.schemas.operator import ProcessOut

Level = Literal["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]


class OrderOut(BaseModel):
    """An order that is in force: who gave it, and when."""

    by: str
    at: str


class OperatedComponentOut(BaseModel):
    """A component and how it stands. `group` is the id of the one that it is a part of."""

    id: str
    name: str
    about: str
    level: Level
    since: str
    detail: str
    group: str | None


class StoryOut(BaseModel):
    """A line of an incident's story. `by` is who wrote it; null for Perdure itself."""

    at: str
    stage: Literal["detected", "identified", "recovering", "monitoring", "resolved"]
    text: str
    by: str | None


class TollOut(BaseModel):
    """What an incident has done to people: replies that were interrupted or had to wait, the chats they are in and the
    people in these, by whom they write as; replies that were given up; messages that are lost.
    """

    turns: int
    chats: int
    people: int
    failed: int
    lost: int


class IncidentOut(BaseModel):
    """An incident with its story, the oldest line first. `components` are the worst levels of all that it touched;
    `toll` is null until it was counted, and `left` where it is over or nothing is known.
    """

    id: str
    headline: str
    root: str
    cause: str | None
    stage: Literal["detected", "identified", "recovering", "monitoring", "resolved"]
    impact: Level
    evidence: str
    opened_at: str
    resolved_at: str | None
    needs_operator: bool
    components: dict[str, Level]
    story: list[StoryOut]
    toll: TollOut | None
    left: LeftOut | None


class IncidentsOut(BaseModel):
    """The last one first."""

    incidents: list[IncidentOut]


class MaintenanceOut(BaseModel):
    """Work that is planned, or was."""

    id: str
    title: str
    text: str
    components: list[str]
    begins_at: str
    ends_at: str
    state: Literal["upcoming", "active", "over", "cancelled"]


class MaintenanceListOut(BaseModel):
    """What is going on or to come first, the soonest first; then what was, the last one first."""

    maintenance: list[MaintenanceOut]


class OpenTurnOut(BaseModel):
    """A turn that has not ended, in which chat, and since when it is written by `worker` or waits (null). `length` is
    how long the reply is so far, in code points.
    """

    id: str
    chat_id: str
    chat: str
    worker: str | None
    since: str
    length: int


class QueueOut(BaseModel):
    """How many turns wait and are being written, and how long one more would wait."""

    waiting: int
    running: int
    left: LeftOut | None


class OperatedBackendOut(BaseModel):
    """A backend, and whether somebody works at it."""

    id: str
    name: str
    kind: Literal["embedded", "configured", "added"]
    model: str
    active: bool
    maintenance: OrderOut | None


class DrillOut(BaseModel):
    """The last drill: what it is doing, how many of its strikes are done, and what came of it. `findings` are breaches
    of the promises, or why it failed.
    """

    state: Literal["running", "held", "breached", "cancelled", "failed"]
    by: str
    begun_at: str
    at: str
    kills: int
    struck: int
    doing: str
    messages: int
    characters: int
    findings: list[str]


class OverviewOut(BaseModel):
    """Everything at a glance. `at` is now; `told_at` is when the health process last told how components stand, null
    where it never has. `turns` are at most 50. `exceptions` counts those that nobody foresaw, `exception_groups` their
    groups.
    """

    version: str
    at: str
    told_at: str | None
    indicator: Literal["none", "minor", "major", "critical", "maintenance"]
    components: list[OperatedComponentOut]
    processes: list[ProcessOut]
    drain: OrderOut | None
    pause: OrderOut | None
    queue: QueueOut
    turns: list[OpenTurnOut]
    backends: list[OperatedBackendOut]
    incidents: list[IncidentOut]
    maintenance: list[MaintenanceOut]
    drill: DrillOut | None
    exceptions: int
    exception_groups: int
    reports: int


class SampleOut(BaseModel):
    """What was in the span of `step_s` that begins at `at`: see the members of `core.load.Sample`."""

    at: str
    asked: int
    done: int
    failed: int
    waiting: int
    running: int
    first_p50_s: float | None
    first_p95_s: float | None


class LoadOut(BaseModel):
    """Load and latency, the oldest first. Spans in which nothing was are left out."""

    step_s: int
    samples: list[SampleOut]
