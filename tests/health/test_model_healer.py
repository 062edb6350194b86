"""A deaf model is kept from being asked, and started anew where it is ours; both are undone once it is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from perdure.health.model_healer import HOLD_S, LOOK_S, ModelHealer

pytestmark = pytest.mark.anyio


class Patient:
    """A model that is deaf or not, on a clock that goes on with each look."""

    def __init__(self, *, ours: bool) -> None:
        self.deaf = False
        self.writable = True
        self.restarts = 0
        self.holds: list[float | None] = []
        self.looks = 0
        self.looked = asyncio.Condition()
        self.healer = ModelHealer(lambda: self.deaf, self._hold, self._restart, ours=lambda: ours)

    @property
    def now(self) -> float:
        return 1000.0 + self.looks * LOOK_S

    async def _hold(self, until: float | None) -> bool:
        if self.writable:
            self.holds.append(until)
        return self.writable

    async def _restart(self) -> bool:
        self.restarts += 1
        return True

    async def look(self, times: int = 1) -> None:
        """So many more."""
        until = self.looks + times
        while self.looks < until:
            await asyncio.sleep(0)


@asynccontextmanager
async def tended(monkeypatch: pytest.MonkeyPatch, *, ours: bool) -> AsyncIterator[Patient]:
    """Looked after without a pause."""
    patient, sleep = Patient(ours=ours), asyncio.sleep

    async def at_once(delay: float) -> None:
        patient.looks += delay == LOOK_S
        await sleep(0)

    monkeypatch.setattr("perdure.health.model_healer.asyncio.sleep", at_once)
    task = asyncio.create_task(patient.healer.run(lambda: patient.now))
    yield patient
    task.cancel()


async def test_nobody_asks_a_deaf_model_until_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order ends by itself, and is renewed before that; where it was wrong it is taken back at once."""
    async with tended(monkeypatch, ours=False) as patient:
        await patient.look(5)
        assert patient.holds == []
        patient.deaf = True
        await patient.look(2 * int(HOLD_S / LOOK_S))
        held = [until for until in patient.holds if until is not None]
        assert len(held) > 1
        assert all(later - until < HOLD_S for until, later in pairwise(held))
        assert held[-1] > patient.now
        patient.deaf = False
        await patient.look(5)
        assert patient.holds == [*held, None]
        assert patient.restarts == 0
        assert patient.healer.healing() == {}


async def test_an_order_that_could_not_be_written_is_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record may be away just then: neither the order nor its end is forgotten."""
    async with tended(monkeypatch, ours=False) as patient:
        patient.deaf, patient.writable = True, False
        await patient.look(3)
        assert patient.holds == []
        patient.writable = True
        await patient.look(3)
        assert len(patient.holds) == 1
        patient.deaf, patient.writable = False, False
        await patient.look(3)
        patient.writable = True
        await patient.look(3)
        assert patient.holds[1:] == [None]


async def test_a_model_of_ours_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and then it is given time."""
    async with tended(monkeypatch, ours=True) as patient:
        patient.deaf = True
        await patient.look(20)
        assert patient.restarts == 1
        assert not patient.healer.healing()["model"].exhausted
