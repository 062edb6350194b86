"""Backends in reserve are looked at and shown, and are nobody's incident."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from perdure.core.errors import ModelUnreachable, PerdureError
from perdure.core.health import Cause, Finding, Level
from perdure.core.report import Component, Indicator, StatusReport
from perdure.health.components import RESERVE, Roster, component_of, components
from perdure.health.looks.reserve import Reserve, ReserveLook
from perdure.health.standings import Standings

pytestmark = pytest.mark.anyio


class House:
    """An installation whose backends in reserve are as they are told to be, by name."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.away: dict[str, PerdureError | None] = {"spare": None}
        self.maintained: set[str] = set()
        self.roster = Roster(components(["worker-1"], "Some model"))
        self.standings = Standings(self.roster, lambda: self.now, lambda: ())
        self.look = ReserveLook(self._listed, self.roster)

    async def _listed(self) -> Sequence[Reserve]:
        async def ask(name: str) -> PerdureError | None:
            return self.away[name]

        return [
            Reserve(name, f"The {name}", name in self.maintained, lambda name=name: ask(name)) for name in self.away
        ]

    async def looked(self, seconds: int = 60) -> None:
        """A minute long."""
        for _ in range(0, seconds, 15):
            self.now += 15.0
            self.standings.heard("reserve", await self.look.find())

    def names(self) -> list[str]:
        return [spec.name for spec in self.roster.specs if spec.reserve]

    def report(self) -> StatusReport:
        shown = [
            Component(one.id, one.name, "", self.standings.all[one.id].level, 0.0, group=one.group, reserve=one.reserve)
            for one in self.roster.specs
            if one.id in self.standings.all
        ]
        return StatusReport(self.now, "Perdure", None, shown)


async def test_a_backend_in_reserve_is_shown_as_it_is_and_is_nobodys_incident() -> None:
    """It is away: that is shown with it, and everything else is well."""
    house = House()
    await house.looked()
    assert house.names() == ["Other models", "The spare"]
    assert house.standings.all["spare"].level is Level.OPERATIONAL
    house.away["spare"] = ModelUnreachable("Nothing answers there.")
    await house.looked()
    standing = house.standings.all["spare"]
    assert (standing.level, standing.finding.cause) == (Level.MAJOR, Cause.BACKEND_AWAY)
    assert standing.finding.evidence.startswith("Nothing answers there.")
    assert "spare" not in house.standings.relied_upon
    assert house.report().indicator is Indicator.NONE


async def test_one_that_is_worked_at_is_not_asked() -> None:
    house = House()
    house.maintained = {"spare"}
    house.away["spare"] = ModelUnreachable("Nothing answers there.")
    await house.looked()
    assert house.standings.all["spare"].level is Level.MAINTENANCE


async def test_the_roster_follows_what_is_added_and_chosen() -> None:
    """One that is active now, or was removed, is in reserve no more; without any there is no group of them either."""
    house = House()
    house.away = {"spare": None, "other": ModelUnreachable("Nothing answers there.")}
    await house.looked()
    assert house.names() == ["Other models", "The spare", "The other"]
    house.away = {"spare": None}
    await house.looked()
    assert house.names() == ["Other models", "The spare"]
    assert "other" not in house.standings.all
    house.away = {}
    await house.looked()
    assert house.names() == []
    assert RESERVE not in {spec.id for spec in house.roster.specs}


async def test_what_a_look_tells_of_no_longer_is_forgotten() -> None:
    """The embedded model dies while another one speaks: that is not the failure of the one that speaks."""
    row = {"name": "model", "role": "model"}
    assert component_of(row, default_is_active=True) == "model"
    assert component_of(row, default_is_active=False) == "default"
    house = House()
    died = Finding(Level.MAJOR, Cause.PROCESS_DIED, "model exited.", certain=True)
    house.standings.heard("processes", {"model": died, "web": Finding()})
    assert house.standings.all["model"].finding == died
    house.roster.reserve([("default", "The embedded one")])
    for _ in range(60):
        house.now += 1.0
        house.standings.heard("processes", {"default": died, "web": Finding()})
        house.standings.heard("model", {"model": Finding()})
    assert house.standings.all["model"].level is Level.OPERATIONAL
    assert house.standings.all["default"].level is Level.MAJOR
