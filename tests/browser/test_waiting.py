"""A reply that waits for its turn says how many are before it, until somebody takes it up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.screens import PHONE
from tests.http.asking import asking
from tests.http.installation import Installation, ScriptedBackend, running

pytestmark = pytest.mark.anyio

ENDLESS = "[[tokens=100000 interval=0.02]]"


@pytest.fixture
def narrow(tmp_path: Path, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure that writes one reply at a time."""
    yield from running(Installation(tmp_path / "data", backend_url=backend.url, workers=1, streams_per_worker=1))


async def test_a_reply_tells_its_place_in_the_line(narrow: Installation, come: Come) -> None:
    """Under the message itself, and it moves up; when it is written, nothing more is said of waiting."""
    reader = await come(base=narrow.url)
    async with asking(narrow.url) as ask:
        before = [(await ask.said(await ask.chat(), f"first {ENDLESS}"))["turn"]["id"] for _ in range(2)]
        await reader.open()
        await reader.meet("Mizzle")
        reply_id = await reader.say("and then me [[tokens=4]]")
        note = reader.message(reply_id).locator(".note")
        await expect(note).to_contain_text("One reply is before this one.")
        await reader.looks_right()
        await ask("POST", f"/api/v1/turns/{before[0]}/stop")
        await expect(note).to_contain_text("Next in line.")
        await ask("POST", f"/api/v1/turns/{before[1]}/stop")
        await reader.ended(reply_id)
    await expect(note).not_to_contain_text("in line")


async def test_a_long_wait_tells_when_it_is_usually_quieter(narrow: Installation, come: Come) -> None:
    """By weeks of history, which the server's answer stands for here; by the reader's clock, and on a small screen."""
    left = {"median_s": 90.0, "low_s": 40.0, "high_s": 400.0, "text": ""}
    waits = {"ahead": 12, "waiting_for": None, "trouble": None, "left": left, "quiet_from": "2030-01-01T22:00:00.000Z"}
    reader = await come(base=narrow.url, viewport=PHONE)
    await reader.page.route("**/wait", lambda route: route.fulfill(json=waits))
    async with asking(narrow.url) as ask:
        other = (await ask.said(await ask.chat(), f"first {ENDLESS}"))["turn"]["id"]
        await reader.open()
        await reader.meet("Mizzle")
        reply_id = await reader.say("and then me [[tokens=4]]")
        note = reader.message(reply_id).locator(".note")
        await expect(note).to_contain_text(re.compile(r"About 2 min.*It is usually quieter from .*\d"))
        await reader.looks_right()
        await ask("POST", f"/api/v1/turns/{other}/stop")
        await reader.ended(reply_id)
    await expect(note).not_to_contain_text("quieter")
