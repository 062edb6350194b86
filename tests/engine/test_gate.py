"""Whether it is worth asking a backend now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from perdure.core.records import AddedBackend
from perdure.engine import probes
from perdure.engine.probes import Gate

from .doubles import Active, CuedBackend, until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def at_work(gate: Gate) -> AsyncIterator[None]:
    """A gate that probes."""
    running = asyncio.create_task(gate.run())
    yield
    running.cancel()


async def test_a_gate_opens_with_the_first_good_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins shut, and looks again and again until the backend is there."""
    monkeypatch.setattr(probes, "LONGEST_WAIT_S", 0.01)
    opened: list[bool] = []
    backend = CuedBackend(is_ready=False)
    gate = Gate(Active(backend), lambda: opened.append(True))
    assert not gate.open
    async with at_work(gate):
        await until(lambda: backend.probed >= 3)
        assert not gate.open
        backend.is_ready = True
        await until(lambda: gate.open)
        assert opened == [True]


async def test_an_open_gate_asks_nothing_and_a_shut_one_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that is well is not bothered; one outage after the other is got over."""
    monkeypatch.setattr(probes, "LONGEST_WAIT_S", 0.01)
    opened: list[bool] = []
    backend = CuedBackend()
    gate = Gate(Active(backend), lambda: opened.append(True))
    async with at_work(gate):
        for outage in range(1, 4):
            await until(lambda: gate.open)
            assert (backend.probed, len(opened)) == (outage, outage)
            gate.shut(backend)
            gate.shut(backend)
            assert not gate.open
            if outage == 2:
                gate.well(backend)
        await until(lambda: gate.open)


async def test_a_switch_is_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the one before has been away, and whatever it says meanwhile: only the active one counts."""
    monkeypatch.setattr(probes, "LONGEST_WAIT_S", 1000)
    away, there = CuedBackend(is_ready=False), CuedBackend()
    active = Active(away, {"new": there})
    gate = Gate(active, lambda: None)
    async with at_work(gate):
        await until(lambda: away.probed >= 3)
        gate._wait_s = 1000
        await until(lambda: away.probed >= 4)
        active.choose(AddedBackend("new", "", "", "", 0.0))
        gate.switched()
        await until(lambda: gate.open)
        gate.shut(away)
        assert gate.open, "one that is active no more has no say"
        active.choose(None)
        gate.switched()
        assert not gate.open
        asked = away.probed
        await until(lambda: away.probed > asked)
        assert not gate.open
        assert there.probed == 1


async def test_an_answer_that_comes_after_the_switch_opens_nothing() -> None:
    """A probe of the one before that was under way says nothing of the one that is active now."""
    slow, away = CuedBackend(), CuedBackend(is_ready=False)
    answer = asyncio.Event()

    async def ready() -> bool:
        await answer.wait()
        return True

    slow.ready = ready  # type: ignore[method-assign]
    active = Active(slow, {"new": away})
    gate = Gate(active, lambda: None)
    async with at_work(gate):
        await asyncio.sleep(0.02)
        active.choose(AddedBackend("new", "", "", "", 0.0))
        gate.switched()
        answer.set()
        await until(lambda: away.probed >= 1)
        assert not gate.open
