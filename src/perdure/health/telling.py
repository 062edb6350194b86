"""The report: everything that is known, as it is told to everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perdure.core.busy import by_hour_of_week
from perdure.core.health import Level, Standing
from perdure.core.report import Component, OpenIncident, Queue, StatusReport
from perdure.health.chronicle import Chronicle
from perdure.health.components import ComponentSpec, Roster, of_group


@dataclass(frozen=True, slots=True)
class Telling:
    """How the installation `name` is told of; `url` is where its pages are."""

    name: str
    url: str | None
    roster: Roster
    now: Callable[[], float]

    def level(self, spec: ComponentSpec, standings: Mapping[str, Standing]) -> Level:
        """A component's level; that of a group by its parts."""
        if spec.id in standings:
            return standings[spec.id].level
        return of_group([standings[one.id].level for one in self.roster.specs if one.group == spec.id])

    def report(
        self, standings: Mapping[str, Standing], chronicle: Chronicle, queue: Queue, *, paused: bool = False
    ) -> StatusReport:
        """The report of this moment."""
        return StatusReport(
            made_at=self.now(),
            name=self.name,
            url=self.url,
            components=[self._component(spec, standings, chronicle) for spec in self.roster.specs],
            incidents=[OpenIncident(one, chronicle.estimate(one)) for one in reversed(chronicle.open)],
            past=[one for one in reversed(chronicle.incidents) if not one.open and one.merged_into is None],
            maintenance=chronicle.maintenance,
            queue=queue,
            paused=paused,
            busy=by_hour_of_week((hour, *counted) for hour, counted in chronicle.hours.items()),
        )

    def _component(self, spec: ComponentSpec, standings: Mapping[str, Standing], chronicle: Chronicle) -> Component:
        level, days = self.level(spec, standings), chronicle.days(spec.id)
        standing = standings.get(spec.id)
        if standing is None:
            parts = [standings[one.id] for one in self.roster.specs if one.group == spec.id]
            ill = [one.since for one in parts if one.level is not Level.OPERATIONAL]
            since = min(ill) if ill else max(one.since for one in parts)
            return Component(spec.id, spec.name, spec.about, level, since, "", spec.group, days, spec.reserve)
        detail = "" if level is Level.OPERATIONAL else standing.finding.evidence
        return Component(spec.id, spec.name, spec.about, level, standing.since, detail, spec.group, days, spec.reserve)
