"""What happened is remembered: over restarts, and over a disk that takes nothing for a while."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from perdure.core.estimate import Estimate
from perdure.core.health import Cause, Finding, Level, Standing, judge
from perdure.core.incidents import Incident, Stage
from perdure.core.report import DAYS, Maintenance
from perdure.health.chronicle import DAY_S, Chronicle
from perdure.health.ledger import Ledger

pytestmark = pytest.mark.anyio

DOWN = Finding(Level.MAJOR, Cause.STORE_LOCKED, "Somebody holds its lock.", certain=True)


class World:
    """A ledger on disk, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "health.db"
        self.now = 1_800_000_000.0
        self.begin()

    def begin(self) -> None:
        """As a new process does."""
        self.ledger = Ledger(self.path)
        self.chronicle = Chronicle(self.ledger, lambda: self.now, 3600.0)

    def breaks(self, for_s: float) -> Incident:
        """The store is locked for so long, and then well."""
        standing = judge(Standing(), DOWN, self.now)
        self.chronicle.look({"store": standing}, {})
        self.now += for_s
        self.chronicle.look({"store": Standing()}, {})
        return self.chronicle.incidents[-1]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_incidents_are_there_after_a_restart(world: World) -> None:
    """With their whole story."""
    over = world.breaks(30.0)
    await world.chronicle.keep(5)
    world.begin()
    assert world.chronicle.incidents == [over]
    assert over.story[-1].stage is Stage.RESOLVED
    assert world.chronicle.counted_upto == 5
    assert world.chronicle.life == (world.now, False)


async def test_a_disk_that_takes_nothing_is_caught_up_with(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost of what happened meanwhile, nor of the uptime, and the day goes on."""

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    for n in range(3):
        world.chronicle.uptime.count({"web": Level.OPERATIONAL}, world.now + n)
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "keep_incidents", full)
        over = world.breaks(30.0)
        await world.chronicle.keep(1)
        await world.chronicle.keep(1)
    await world.chronicle.keep(1)
    world.begin()
    assert world.chronicle.incidents == [over]
    [day] = world.chronicle.days("web")
    assert day.watched_s == 2.0


async def test_what_is_over_for_longer_than_the_page_tells_is_forgotten(world: World) -> None:
    world.breaks(30.0)
    await world.chronicle.keep(1)
    world.now += (DAYS + 1) * DAY_S
    world.begin()
    assert world.chronicle.incidents == []


async def test_how_long_it_may_last_comes_from_those_of_its_kind(world: World) -> None:
    """Nine of them; others say nothing of it. What is shown is kept, to be scored."""
    for n in range(9):
        world.now += 1000.0
        world.breaks(10.0 + n)
    world.now += 1000.0
    world.chronicle.look({"store": judge(Standing(), DOWN, world.now)}, {})
    [going_on] = world.chronicle.open
    left = world.chronicle.estimate(going_on)
    assert left is not None
    assert 10.0 <= left.median_s <= 18.0
    other = Incident("other", "model", Cause.BACKEND_AWAY, world.now)
    assert world.chronicle.estimate(other) is None
    await world.chronicle.keep(1)
    assert world.ledger.shown() == [(going_on.id, world.now, left)]


async def test_maintenance_is_remembered(world: World) -> None:
    """And only while it goes on are its components under it."""
    planned = Maintenance("m", "A new disk", "", ["store"], world.now + 10, world.now + 20, world.now)
    world.ledger.keep_maintenance(planned)
    world.begin()
    assert world.chronicle.maintenance == [planned]
    assert world.chronicle.maintained() == set()
    world.now += 15
    assert world.chronicle.maintained() == {"store"}
    world.now += 15
    assert world.chronicle.maintained() == set()


async def test_the_death_of_everything_is_one_incident(world: World) -> None:
    over = world.chronicle.stopped(world.now - 60, world.now)
    assert (over.cause, over.lasted_s(world.now)) == (Cause.STOPPED, 60.0)
    assert world.chronicle.open == []


def test_acts_are_kept_in_order(world: World) -> None:
    """Who did what, the last first."""
    world.ledger.keep_act(1.0, "Ada", "restarted web")
    world.ledger.keep_act(2.0, "Ben", "paused intake")
    assert world.ledger.acts(5) == [(2.0, "Ben", "paused intake"), (1.0, "Ada", "restarted web")]


def test_estimates_come_back_as_they_were(world: World) -> None:
    shown = ("one", 5.0, Estimate(1.0, 0.5, 2.0, 9))
    world.ledger.keep_shown([shown])
    assert world.ledger.shown() == [shown]
