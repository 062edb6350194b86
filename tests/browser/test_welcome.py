"""The first start: from nothing to a reply, with nothing to set up."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Come
from tests.browser.screens import in_every_look
from tests.http.asking import asking
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio

WELCOME = "Welcome to Perdure"


@in_every_look
async def test_two_clicks_to_the_first_reply(
    come: Come, fresh: Installation, viewport: dict[str, int], theme: str
) -> None:
    """Choose one of three, choose a first line, and the reply is being written; nobody is welcomed twice."""
    reader = await come(base=fresh.url, viewport=viewport, color_scheme=theme)
    await reader.open()
    welcome = reader.main.get_by_role("region", name=WELCOME)
    await expect(welcome.get_by_role("button", name="Say hello to")).to_have_count(3)
    await reader.looks_right()
    await reader.is_accessible()
    await welcome.get_by_role("button", name="Say hello to").first.click()
    lines = reader.page.get_by_role("group", name="A first line")
    await expect(lines.get_by_role("button")).to_have_count(3)
    await reader.looks_right()
    await reader.is_accessible()
    await lines.get_by_role("button").first.click()
    await expect(reader.messages).to_have_count(3)
    await reader.ended(await reader.reply_at(1))
    await expect(lines).to_have_count(0)
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await expect(welcome).to_have_count(0)
    async with asking(fresh.url) as ask:
        assert (await ask.get("/api/v1/settings"))["values"]["welcomed"] is True


async def test_web_lost_at_the_first_click_is_no_bad_start(come: Come, fresh: Installation) -> None:
    """Web dies as the first one is chosen: the chat opens all the same, and the first line is answered."""
    reader = await come(base=fresh.url)
    reader.interrupted = True
    await reader.open()
    choice = reader.main.get_by_role("button", name="Say hello to").first
    await expect(choice).to_be_visible()
    fresh.kill("web")
    await choice.click()
    lines = reader.page.get_by_role("group", name="A first line")
    await lines.get_by_role("button").last.click()
    fresh.kill("worker-1")
    await expect(reader.messages).to_have_count(3)
    await reader.ended(await reader.reply_at(1))


async def test_whoever_looks_around_first_is_not_asked_again(come: Come, fresh: Installation) -> None:
    """Skipped is skipped, also in another browser."""
    reader = await come(base=fresh.url)
    await reader.open()
    async with reader.page.expect_response(lambda r: r.request.method == "PATCH" and r.ok):
        await reader.button("Look around first").click()
    await expect(reader.main.get_by_role("region", name=WELCOME)).to_have_count(0)
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    other = await come(base=fresh.url)
    await other.open()
    await expect(other.button("Chat with Mizzle")).to_be_visible()
    await expect(other.main.get_by_role("region", name=WELCOME)).to_have_count(0)


async def test_the_starter_model_is_said_to_be_small(come: Come, fresh: Installation) -> None:
    """Plainly, before the first word, with the way to a better one."""
    reader = await come(base=fresh.url)

    async def told(route: Route) -> None:
        answer = await route.fetch()
        status = await answer.json()
        await route.fulfill(response=answer, json={**status, "backend": {**status["backend"], "starter": True}})

    await reader.page.route("**/api/v1/status", told)
    await reader.open()
    welcome = reader.main.get_by_role("region", name=WELCOME)
    await expect(welcome).to_contain_text("The model that comes with Perdure is small")
    await reader.looks_right()
    better = welcome.get_by_role("link", name="Connect a better one")
    await expect(better).to_have_attribute("href", "/settings/models")
