"""A few of a bad day's failures, several at once: the page tells each as what it is, and nobody loses a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_day.play import play
from tests.bad_day.report import report
from tests.bad_day.script import SHORT

pytestmark = [pytest.mark.anyio, pytest.mark.thorough]

PATIENCE = 6.0
"""This is about what is told. How soon is for `make bad-day` and bench/detection.py, on a machine that is idle."""


async def test_the_page_tells_the_truth_on_a_bad_day(tmp_path: Path) -> None:
    """Each failure is one incident with its cause, which is over once it is mended; all else is told as well."""
    day = await play(SHORT, tmp_path, print, PATIENCE)
    assert day.ok, report(day)
    assert day.impossible == []
    assert "Traceback" not in day.log
