"""What an operator does about incidents and planned work: each act under a name, in the story where people read it, in
the log, and in the ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal
from uuid import uuid4

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from perdure.core.incidents import Incident, Stage, merged, told
from perdure.core.load import KEEP_COARSE_S, MINUTE_S
from perdure.core.report import Maintenance
from perdure.health.chronicle import Chronicle
from perdure.health.drills import Drills, NoDrill
from perdure.health.ledger import Ledger
from perdure.statuspage.words import clock

log = structlog.get_logger()

Text = Annotated[str, Field(min_length=1, max_length=2000)]


class _Act(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    by: Annotated[str, Field(min_length=1, max_length=100)]
    """Who is named in public."""
    via: Annotated[str, Field(max_length=200)] = ""
    """How they came here, for the log and the ledger alone."""


class Note(_Act):
    """A line in an incident's story."""

    kind: Literal["note"]
    incident: str
    text: Text
    stage: Literal["identified", "recovering", "monitoring"] | None = None


class Title(_Act):
    """What an incident is called."""

    kind: Literal["title"]
    incident: str
    text: Annotated[str, Field(min_length=1, max_length=200)]


class Merge(_Act):
    """`incident` belongs to `into`."""

    kind: Literal["merge"]
    incident: str
    into: str


class Resolve(_Act):
    """It is over. Should anything still be broken, there is a new one at once."""

    kind: Literal["resolve"]
    incident: str
    text: Text


class Plan(_Act):
    """Work is planned. Unix seconds."""

    kind: Literal["plan"]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(max_length=2000)] = ""
    components: list[str]
    begins_at: float
    ends_at: float


class Change(Plan):
    """The work is planned otherwise."""

    kind: Literal["change"]  # type: ignore[assignment]
    maintenance: str


class Cancel(_Act):
    """Planned work is not done, or is over before its time."""

    kind: Literal["cancel"]
    maintenance: str


class Drill(_Act):
    """Begin a drill on a server of its own, with so many strikes, or with `on` false end the one that goes on."""

    kind: Literal["drill"]
    on: bool
    kills: Annotated[int, Field(ge=1, le=200)] = 20


class Did(_Act):
    """Something was done elsewhere, by whoever is asked for that, and is to be remembered here."""

    kind: Literal["did"]
    what: Annotated[str, Field(min_length=1, max_length=500)]


Act = Annotated[Note | Title | Merge | Resolve | Plan | Change | Cancel | Drill | Did, Field(discriminator="kind")]
ACT: TypeAdapter[Act] = TypeAdapter(Act)


class Refused(Exception):
    """It cannot be done; the text says why."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Does what is asked. `components` are those that there are."""

    chronicle: Chronicle
    ledger: Ledger
    components: frozenset[str]
    now: Callable[[], float]
    drills: Drills | None = None

    def do(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """Do it; returns the id of what was touched. Raises Refused."""
        try:
            act = ACT.validate_python(asked)
        except ValidationError as error:
            first = error.errors()[0]
            raise Refused(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        match act:
            case Did(what=said):
                touched = ""
            case Drill():
                touched, said = self._drill(act), f"drill of {act.kills} strikes" if act.on else "drill no more"
            case Plan() | Cancel():
                touched, said = self._plan(act), _told(act)
            case _:
                touched, said = self._incident(act), _told(act)
        by = f"{act.by} ({act.via})" if act.via else act.by
        log.info("an operator has acted", by=by, act=said)
        try:
            self.ledger.keep_act(self.now(), by, said)
        except sqlite3.Error:
            log.error("what an operator has done could not be written down", by=by, act=said)
        return {"id": touched}

    def acts(self, limit: int) -> Sequence[tuple[float, str, str]]:
        """(when, who, what), the last one first. Raises Refused where the ledger cannot be read."""
        try:
            return self.ledger.acts(limit)
        except sqlite3.Error as error:
            raise Refused("What was done before cannot be read just now.") from error

    def load(self, step_s: int) -> Sequence[Mapping[str, Any]]:
        """Load and latency: by the minute for a day, more coarsely for a month. Raises Refused as `acts`."""
        if step_s == MINUTE_S:
            return [asdict(one) for one in sorted(self.chronicle.load.samples.values(), key=lambda one: one.at)]
        try:
            return [asdict(one) for one in self.ledger.samples(step_s, self.now() - KEEP_COARSE_S)]
        except sqlite3.Error as error:
            raise Refused("What was before cannot be read just now.") from error

    def _incident(self, act: Note | Title | Merge | Resolve) -> str:
        now, incident = self.now(), self._known(act.incident)
        match act:
            case Note():
                stage = incident.stage if act.stage is None or not incident.open else Stage(act.stage)
                self.chronicle.put(told(incident, now, stage, act.text, act.by))
            case Title():
                self.chronicle.put(replace(incident, title=act.text))
            case Merge():
                into = self._known(act.into)
                if into.id == incident.id or incident.merged_into is not None or into.merged_into is not None:
                    raise Refused("These are one incident already.")
                for one in merged(into, incident, now, act.by):
                    self.chronicle.put(one)
            case Resolve():
                if not incident.open:
                    raise Refused("This incident is over.")
                over = told(incident, now, Stage.RESOLVED, act.text, act.by)
                self.chronicle.put(replace(over, resolved_at=now))
        return incident.id

    def _drill(self, act: Drill) -> str:
        try:
            if self.drills is None:
                raise NoDrill("There are no drills here.")
            if act.on:
                self.drills.begin(act.by, act.kills)
            else:
                self.drills.cancel()
        except NoDrill as error:
            raise Refused(str(error)) from error
        return ""

    def _plan(self, act: Plan | Cancel) -> str:
        now = self.now()
        if isinstance(act, Cancel):
            known = self._planned(act.maintenance)
            self.chronicle.plan(replace(known, cancelled_at=now))
            return known.id
        unknown = sorted(set(act.components) - self.components)
        if unknown or not act.components:
            raise Refused(f"Components are: {', '.join(sorted(self.components))}.")
        if not now < act.ends_at or not act.begins_at < act.ends_at:
            raise Refused("It has to end after it begins, and after now.")
        one = Maintenance(str(uuid4()), act.title, act.text, act.components, act.begins_at, act.ends_at, now)
        if isinstance(act, Change):
            known = self._planned(act.maintenance)
            one = replace(one, id=known.id, created_at=known.created_at)
        self.chronicle.plan(one)
        return one.id

    def _planned(self, maintenance_id: str) -> Maintenance:
        found = next((one for one in self.chronicle.maintenance if one.id == maintenance_id), None)
        if found is None or found.cancelled_at is not None or found.ends_at <= self.now():
            raise Refused("No such work is planned or going on.")
        return found

    def _known(self, incident_id: str) -> Incident:
        found = next((one for one in self.chronicle.incidents if one.id == incident_id), None)
        if found is None:
            raise Refused(f"There is no incident {incident_id}.")
        return found


def _told(act: Act) -> str:
    """What was done, for the log."""
    said = ", ".join(f"{name} {_plainly(value)}" for name, value in act if name not in ("by", "via", "kind") and value)
    return f"{act.kind}: {said}"


def _plainly(value: object) -> str:
    if isinstance(value, float):
        return clock(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
