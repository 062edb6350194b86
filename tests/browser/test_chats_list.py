"""The list of chats: found, named, deleted and brought back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader, problem
from tests.browser.screens import DESK, PHONE, in_every_look
from tests.http.asking import Asking, new_id
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio


async def talked(ask: Asking, title: str) -> str:
    """The id of a chat with that title."""
    chat_id = await ask.chat()
    await ask.told(chat_id, f'[[text="About {title}."]]')
    assert (await ask("PATCH", f"/api/v1/chats/{chat_id}", json={"title": title})).status == 200
    return chat_id


@in_every_look
async def test_chats_are_found_by_their_words(come: Come, ask: Asking, viewport: dict[str, int], theme: str) -> None:
    """By title and by what was said last; nothing found is said plainly, and everything is one press away."""
    word = f"walrus{theme}{viewport['width']}"
    chat_id = await talked(ask, f"The {word} and the carpenter")
    await talked(ask, "Something else")
    reader = await come(viewport=viewport, color_scheme=theme)
    await reader.open("/chats")
    await expect(reader.main.get_by_role("heading", name="Today")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    search = reader.main.get_by_role("searchbox", name="Search chats")
    await search.fill(word.upper())
    await expect(reader.page.locator(".preview")).to_have_count(1)
    await expect(reader.main.get_by_role("link", name=word)).to_have_attribute("href", f"/chats/{chat_id}")
    await search.fill("no such thing anywhere")
    await expect(reader.page.get_by_role("heading", name="No chat is about that")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await search.press("Escape")
    await expect(reader.main.get_by_role("link", name="Something else").first).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_a_chat_gets_another_name(
    come: Come, ask: Asking, installation: Installation, viewport: dict[str, int]
) -> None:
    """An empty name is none; web dies while it is saved, and the name is there all the same."""
    old, new = f"Old name {viewport['width']}", f"New name {viewport['width']} مرحبا"
    chat_id = await talked(ask, old)
    reader = await come(viewport=viewport, reduced_motion="reduce")
    reader.interrupted = True
    await reader.open("/chats")
    await reader.button(f"What to do with the chat {old}").click()
    await reader.page.get_by_role("menuitem", name="Rename…").click()
    field = reader.page.get_by_label("Name of the chat")
    await expect(field).to_have_value(old)
    await field.fill(" ")
    await field.press("Enter")
    await expect(reader.page.get_by_text("A chat needs a name.")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await field.fill(new)
    installation.kill("web")
    await field.press("Enter")
    await expect(reader.page.get_by_role("dialog")).to_have_count(0)
    await expect(reader.main.get_by_role("link", name=new)).to_be_visible()
    assert (await ask.get(f"/api/v1/chats/{chat_id}"))["title"] == new


async def test_a_deleted_chat_comes_back(reader: Reader, ask: Asking, installation: Installation) -> None:
    """Gone at once, without a question; the way back is offered, also when web dies in between."""
    reader.interrupted = True
    title = f"Not for long {new_id()[:8]}"
    chat_id = await talked(ask, title)
    await reader.open("/chats")
    row = reader.main.get_by_role("link", name=title)
    await reader.button(f"What to do with the chat {title}").click()
    installation.kill("web")
    await reader.page.get_by_role("menuitem", name="Delete").click()
    await expect(row).to_have_count(0)
    await expect(reader.page.get_by_text(f"“{title}” was deleted.")).to_be_visible()
    assert (await ask("GET", f"/api/v1/chats/{chat_id}")).status == 404
    await reader.is_accessible()
    await reader.button("Undo").click()
    await expect(row).to_be_visible()
    await row.click()
    await expect(reader.messages).to_have_count(3)


async def test_a_refused_deletion_takes_nothing_away_that_came_meanwhile(reader: Reader, ask: Asking) -> None:
    """The chat is back in the list as it is now, not in the one from before; and gone until that is decided."""
    word = new_id()[:8]
    title, newer = f"{word} stays", f"{word} came later"
    for name in ("Somebody else", title):
        await talked(ask, name)
    await reader.open("/chats")
    row = reader.main.get_by_role("link", name=title)
    refused = anyio.Event()

    async def late(route: Route) -> None:
        if route.request.method == "DELETE":
            await refused.wait()
            await route.fulfill(status=409, json=problem("Not now"))
        else:
            await route.continue_()

    reader.interrupted = True
    await reader.page.route(re.compile(r"/api/v1/chats/[^/?]+$"), late)
    await reader.button(f"What to do with the chat {title}").click()
    await reader.page.get_by_role("menuitem", name="Delete").click()
    await expect(row).to_have_count(0)
    await talked(ask, newer)
    await reader.main.get_by_role("searchbox", name="Search chats").fill(word)
    await expect(reader.main.get_by_role("link", name=newer)).to_be_visible()
    await expect(row).to_have_count(0)
    refused.set()
    await expect(reader.page.get_by_text("Not now")).to_be_visible()
    for name in (title, newer):
        await expect(reader.main.get_by_role("link", name=name)).to_be_visible()


async def test_the_list_goes_on_as_one_scrolls(reader: Reader) -> None:
    """A hundred chats come page by page, each once, under the day on which they were talked in."""
    newest = datetime(2024, 12, 24, 12, tzinfo=UTC)
    chats: list[dict[str, Any]] = [
        {
            "id": f"chat-{n}", "title": f"Chat number {n}", "character_ids": [], "persona_id": None, "preview": "…",
            "created_at": at.isoformat(), "updated_at": at.isoformat(), "head_id": None, "messages": n + 1,
            "at": at.timestamp(),
        }
        for n in range(100)
        for at in [newest - timedelta(days=n // 2, microseconds=n)]
    ]  # fmt: skip

    async def answer(route: Route) -> None:
        query = route.request.url
        limit = int(query.partition("limit=")[2].partition("&")[0] or 50)
        before = query.partition("before=")[2].partition("&")[0]
        older = [chat for chat in chats if not before or chat["at"] < float(before)]
        await route.fulfill(json={"chats": older[:limit]})

    await reader.page.route("**/api/v1/chats?*", answer)
    await reader.open("/chats")
    await expect(reader.main.get_by_role("link", name="Chat number 0", exact=True)).to_be_visible()
    await expect(reader.main.get_by_role("heading", name="December 2024")).to_be_visible()
    assert await reader.main.locator("article").count() < 100
    for _ in range(20):
        await reader.main.evaluate("(main) => main.scrollTo(0, main.scrollHeight)")
        if await reader.main.locator("article").count() == 100:
            break
        await expect(reader.main.locator("article").nth(40)).to_be_attached()
    await expect(reader.main.locator("article")).to_have_count(100)
    await expect(reader.main.get_by_text("Loading older chats…")).to_have_count(0)
    # And Back leads to where one was, through as many pages.
    await reader.main.evaluate("(main) => main.scrollTo(0, main.scrollHeight - 1500)")
    before = await reader.main.evaluate("(main) => main.scrollTop")
    await reader.page.get_by_role("link", name="Settings").click()
    await expect(reader.page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    await reader.page.go_back()
    await expect(reader.main.locator("article")).to_have_count(100)
    await expect(reader.main).to_have_js_property("scrollTop", before)


async def test_nothing_yet_is_an_invitation(reader: Reader) -> None:
    """No empty page: what will be here, and how it comes here."""

    async def answer(route: Route) -> None:
        await route.fulfill(json={"chats": []})

    await reader.page.route("**/api/v1/chats?*", answer)
    await reader.open("/chats")
    await expect(reader.page.get_by_role("heading", name="No chats yet")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await reader.main.get_by_role("link", name="Choose a character").click()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
