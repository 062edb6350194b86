"""Who asks the health process for news hears them at once, and otherwise within some seconds that there are none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from perdure.core.report import StatusReport
from perdure.health import desk as desks
from perdure.health.desk import Desk
from perdure.health.watch import Watch

pytestmark = pytest.mark.anyio


class Quiet(Watch):
    """A watch that tells of nothing but when it is told to."""

    def __init__(self) -> None:
        self._now = lambda: 0.0
        self._changed = asyncio.Event()
        self.version = 0

    def report(self) -> StatusReport:
        return StatusReport(float(self.version), "Perdure", None, ())


@pytest.fixture
def watch() -> Quiet:
    return Quiet()


async def asked(watch: Watch, request: str) -> Any:
    return await Desk(watch, None, CollectorRegistry(), "life").answer(request)  # type: ignore[arg-type]


async def test_news_are_told_as_soon_as_there_are_any(watch: Quiet) -> None:
    """Two who wait hear the same; who knows less than is known does not wait at all."""
    assert (await asked(watch, "news none"))["version"] == "life-0"
    waiting = [asyncio.create_task(asked(watch, "news life-0\n")) for _ in range(2)]
    done, _ = await asyncio.wait(waiting, timeout=0.05)
    assert not done
    watch.changed()
    told = await asyncio.gather(*waiting)
    assert [(one["version"], one["report"]["made_at"]) for one in told] == [("life-1", 1.0)] * 2


async def test_without_news_nothing_is_told_again(watch: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever serves the socket would hang up, and whoever asks would think that nobody is there."""
    monkeypatch.setattr(desks, "NEWS_S", 0.01)
    assert await asked(watch, "news life-0") == {"version": "life-0"}
    assert await asked(watch, "report life-0") == {"version": "life-0"}


async def test_what_is_no_question_is_refused(watch: Quiet) -> None:
    """With what may be asked."""
    for request in ("", "news", "act", "tell me"):
        assert "news VERSION" in (await asked(watch, request))["error"]
