"""The status page is there for everybody, and tells the truth while what it needs is away."""

from __future__ import annotations

import os
import signal

import aiohttp
import pytest

from tests.http.installation import Installation, eventually

pytestmark = pytest.mark.anyio


async def get(installation: Installation, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, type and text; as a stranger, without a token."""
    async with aiohttp.ClientSession() as session, session.get(installation.url + path, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.text()


async def known(installation: Installation) -> str:
    """The page, once the health process has told anything."""
    while "Nothing is known yet" in (page := (await get(installation, "/status"))[2]):
        pass
    return page


async def test_it_asks_nobody_for_a_token(guarded: Installation) -> None:
    """Who cannot get in needs it most. Everything else stays shut."""
    assert "Its parts" in await known(guarded)
    for path, kind in (
        ("/status/history", "text/html"),
        ("/status/history.atom", "application/atom+xml"),
        ("/status/badge.svg", "image/svg+xml"),
        ("/status/status.css", "text/css"),
        ("/api/v2/summary.json", "application/json"),
        ("/api/v2/incidents/unresolved.json", "application/json"),
    ):
        assert (await get(guarded, path))[:2] == (200, kind)
    assert (await get(guarded, "/api/v1/chats"))[0] == 401


async def test_what_is_not_there_is_a_problem_document(installation: Installation) -> None:
    for path in ("/status/nothing", "/api/v2/nothing.json", "/status/incidents/%2e%2e%2fsummary", "/api/v2/"):
        status, kind, _ = await get(installation, path)
        assert (status, kind) == (404, "application/problem+json")


async def test_the_page_outlives_the_health_process(installation: Installation) -> None:
    """It hangs, is ended and started again; what it told is shown meanwhile."""
    await known(installation)
    pid = eventually(lambda: installation.pid("health"))
    os.kill(pid, signal.SIGSTOP)
    while installation.pid("health") in (None, pid):
        assert "Its parts" in (await get(installation, "/status"))[2]
    assert "Its parts" in await known(installation)
