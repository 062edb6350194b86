"""Whether it is worth asking a backend now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from perdure.engine import probes
from perdure.engine.probes import Gate

from .doubles import CuedBackend, until

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
    gate = Gate(backend, lambda: opened.append(True))
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
    gate = Gate(backend, lambda: opened.append(True))
    async with at_work(gate):
        for outage in range(1, 4):
            await until(lambda: gate.open)
            assert (backend.probed, len(opened)) == (outage, outage)
            gate.shut()
            gate.shut()
            assert not gate.open
            if outage == 2:
                gate.well()
        await until(lambda: gate.open)
