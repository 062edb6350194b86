"""The copy of the status page is as new as what is known: it is read when nothing else can be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from perdure.core.report import StatusReport
from perdure.health import publish
from perdure.health.publish import REPORT, keep_published, last_report
from perdure.health.watch import Watch
from tests.statuspage.reports import BROKEN, WELL

pytestmark = pytest.mark.anyio

HOUR_S = 3600.0


class Told:
    """What a watch tells, as far as copies are drawn from it."""

    def __init__(self) -> None:
        self.told, self.version, self._changed = WELL, 0, asyncio.Event()

    def tell(self, told: StatusReport) -> None:
        self.told, self.version = told, self.version + 1
        self._changed.set()

    def report(self) -> StatusReport:
        return self.told

    async def change(self, version: int, within_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.version == version:
                    await self._changed.wait()
                    self._changed.clear()


@asynccontextmanager
async def drawing(told: Told, folder: Path) -> AsyncIterator[None]:
    """While copies are drawn into that folder."""
    task = asyncio.create_task(keep_published(cast("Watch", told), folder, time.monotonic))
    await asyncio.sleep(0)
    yield
    task.cancel()


async def copied(told: Told, folder: Path) -> None:
    """Once the copy says what was told."""
    async with asyncio.timeout(10.0):
        while (last := last_report(folder)) is None or REPORT.dump_json(last) != REPORT.dump_json(told.told):
            await asyncio.sleep(0.01)


async def test_what_has_changed_is_copied_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Web may be what has just frozen."""
    monkeypatch.setattr(publish, "HURRIED_S", HOUR_S)
    told = Told()
    async with drawing(told, tmp_path / "status"):
        told.tell(BROKEN)
        await copied(told, tmp_path / "status")


async def test_a_copy_that_could_not_be_written_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk may be full when everything else fails: nothing has to change again for that."""
    monkeypatch.setattr(publish, "HURRIED_S", 0.01)
    told, folder = Told(), tmp_path / "status"
    folder.write_text("in the way")
    with capture_logs() as logs:
        async with drawing(told, folder):
            told.tell(BROKEN)
            async with asyncio.timeout(10.0):
                while not logs:
                    await asyncio.sleep(0.01)
            folder.unlink()
            await copied(told, folder)
    assert [one["event"] for one in logs] == ["the status page cannot be written"]
