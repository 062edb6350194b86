"""Load and latency outlive the process that counts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from perdure.core.load import COARSE_S, MINUTE_S, Sample
from perdure.health.chronicle import Chronicle
from perdure.health.ledger import Ledger

pytestmark = pytest.mark.anyio

NOON = 1_800_000_000 - 1_800_000_000 % COARSE_S


async def test_minutes_are_known_again_and_quarters_say_the_same(tmp_path: Path) -> None:
    """What is counted after it is added to what was written down before."""
    ledger = Ledger(tmp_path / "health.db")
    chronicle = Chronicle(ledger, lambda: NOON + 5.0, 3600.0)
    chronicle.load.stands(NOON + 1, 3, 1)
    await chronicle.keep(1)
    again = Chronicle(ledger, lambda: NOON + 70.0, 3600.0)
    again.load.stands(NOON + 2, 1, 2)
    again.load.stands(NOON + 61, 7, 0)
    await again.keep(2)
    first, second = Sample(NOON, waiting=3, running=2), Sample(NOON + MINUTE_S, waiting=7)
    assert ledger.samples(MINUTE_S, NOON) == [first, second]
    assert ledger.samples(COARSE_S, NOON) == [Sample(NOON, waiting=7, running=2)]
    ledger.close()


async def test_what_is_too_old_is_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "health.db")
    ledger.keep_samples(COARSE_S, [Sample(NOON, done=1)])
    assert ledger.samples(COARSE_S, NOON) == [Sample(NOON, done=1)]
    assert ledger.samples(COARSE_S, NOON + 1) == []
    assert ledger.samples(COARSE_S, 0) == []
    ledger.close()
