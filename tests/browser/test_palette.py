"""Go anywhere and do anything with a few letters, by keyboard, by finger, and by ear."""

from __future__ import annotations

import anyio
import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import in_every_look
from tests.http.asking import Asking

pytestmark = pytest.mark.anyio


def field(reader: Reader) -> Locator:
    """Where one writes what one wants."""
    return reader.page.get_by_role("combobox", name="Search characters, chats, settings and actions")


def selected(reader: Reader) -> Locator:
    """What Enter would choose."""
    return reader.page.locator('[role="option"][aria-selected="true"]')


async def opened(reader: Reader) -> None:
    """Open it by its keys."""
    await reader.page.keyboard.press("Control+k")
    await expect(field(reader)).to_be_focused()


async def test_three_letters_lead_to_a_chat(reader: Reader) -> None:
    """From anywhere: open, write, Enter, and the character greets."""
    await reader.open("/settings/appearance")
    await expect(reader.page.get_by_role("heading", name="Appearance")).to_be_visible()
    await opened(reader)
    await reader.page.keyboard.type("cvesp")
    await expect(selected(reader)).to_contain_text("Chat with Miss Vesper")
    await reader.page.keyboard.press("Enter")
    await expect(reader.messages).to_have_count(1)
    await expect(field(reader)).to_have_count(0)


async def chat_with_mizzle(reader: Reader) -> None:
    """Choose it in the palette."""
    await opened(reader)
    await reader.page.keyboard.type("chat with mizzle")
    await expect(selected(reader)).to_contain_text("Chat with Mizzle")
    await reader.page.keyboard.press("Enter")


async def test_a_chat_that_does_not_open_says_why(reader: Reader) -> None:
    """And opens by itself as soon as it can."""
    await reader.open("/settings/appearance")
    await reader.refused("**/api/v1/chats/*", "Nobody is there")
    await chat_with_mizzle(reader)
    await expect(reader.page.get_by_text("There is no new chat. Nobody is there.")).to_be_visible()
    await reader.page.route("**/api/v1/chats/*", lambda route: route.abort(), times=1)
    await chat_with_mizzle(reader)
    await expect(reader.page.get_by_text("The new chat will open as soon as it can.")).to_be_visible()
    await expect(reader.messages).to_have_count(1)


async def test_a_chat_that_opens_late_leaves_the_person_where_they_have_gone(reader: Reader) -> None:
    """Whoever has gone to another page meanwhile stays there."""
    asked, wanted = anyio.Event(), anyio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await wanted.wait()
        await route.continue_()

    await reader.open("/settings/appearance")
    await reader.page.route("**/api/v1/chats/*", late, times=1)
    await chat_with_mizzle(reader)
    await asked.wait()
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    async with reader.page.expect_event("requestfinished", lambda request: request.method == "PUT"):
        wanted.set()
    await reader.page.evaluate("() => new Promise((done) => setTimeout(done))")
    assert reader.page.url == f"{reader.base}/chats"


async def test_settings_and_pages_are_found_by_name(reader: Reader) -> None:
    """Each section of the settings, each page, and what changes at once."""
    await reader.open()
    for wanted, path in (("persona", "/settings/persona"), ("repl", "/settings/replies"), ("chats", "/chats")):
        await opened(reader)
        await reader.page.keyboard.type(wanted)
        await reader.page.keyboard.press("Enter")
        await expect(reader.page).to_have_url(reader.base + path)
    await opened(reader)
    await reader.page.keyboard.type("dark col")
    await reader.page.keyboard.press("Enter")
    await expect(reader.page.locator("html")).to_have_attribute("data-theme", "dark")


async def choose(reader: Reader, words: str, name: str) -> None:
    """Find what the open page can do, and have it done."""
    await opened(reader)
    await reader.page.keyboard.type(words)
    await expect(selected(reader)).to_contain_text(name)
    await expect(selected(reader)).to_contain_text("On this page")
    await reader.page.keyboard.press("Enter")


async def test_what_a_chat_can_do_is_found_by_name(reader: Reader) -> None:
    """Another reply, its end, a longer one, another name, the way down, another chat: offered where it can be done."""
    await reader.meet("Mizzle")
    first = await reader.say("hello [[tokens=5]]")
    await reader.ended(first)
    await reader.acts()
    await choose(reader, "another reply", "Another reply")
    await expect(reader.message(first)).to_have_count(0)
    second = await reader.replies.last.get_attribute("data-message-id")
    assert second is not None
    await reader.ended(second)
    await reader.acts(acting=False)
    slow = await reader.say("slowly [[tokens=400 interval=0.1]]")
    await reader.reads(slow)
    await choose(reader, "stop", "Stop")
    await reader.ended(slow, "stopped")
    await opened(reader)
    await reader.page.keyboard.type("stop")
    await expect(reader.page.get_by_role("option", name="Stop")).to_have_count(0)
    await reader.page.keyboard.press("Escape")
    await choose(reader, "rename", "Rename")
    await expect(reader.page.get_by_label("The chat's name")).to_be_focused()
    await reader.page.keyboard.type("Soup at four")
    await reader.page.keyboard.press("Enter")
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Soup at four")
    await choose(reader, "new chat", "New chat with Mizzle")
    await expect(reader.messages).to_have_count(1)
    await reader.open("/chats")
    await opened(reader)
    await expect(reader.page.get_by_role("group", name="On this page")).to_have_count(0)


async def test_what_a_characters_page_can_do_is_found_by_name(reader: Reader, ask: Asking) -> None:
    """A star and its end, the card to take along, its editor, and a chat."""
    character = await ask.character()
    name = (await ask.get(f"/api/v1/characters/{character}"))["name"]
    await reader.open(f"/characters/{character}")
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text(name)
    star = reader.button(f"Make {name} a favourite").or_(reader.button(f"{name} is a favourite"))
    await choose(reader, "make favourite", f"Make {name} a favourite")
    await expect(star).to_have_attribute("aria-pressed", "true")
    await choose(reader, "off the favourites", f"Take {name} off the favourites")
    await expect(star).to_have_attribute("aria-pressed", "false")
    async with reader.page.expect_download():
        await choose(reader, "export json", "Export as text")
    await choose(reader, "edit", "Edit")
    await expect(reader.page).to_have_url(f"{reader.base}/characters/{character}/edit")
    await reader.open(f"/characters/{character}")
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text(name)
    await choose(reader, "start a chat", "Start a chat")
    await expect(reader.messages).to_have_count(1)


async def test_it_is_a_combobox(reader: Reader) -> None:
    """The focus stays in the field, the arrows go round the list and are told; Escape gives the focus back."""
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    opener = reader.button("Search")
    await opener.focus()
    await reader.page.keyboard.press("Enter")
    await expect(field(reader)).to_be_focused()
    options = reader.page.get_by_role("dialog").get_by_role("option")
    await expect(options.get_by_text("Chat with Mizzle")).to_be_attached()
    await expect(options.first).to_have_attribute("aria-selected", "true")
    for key, place in (("ArrowDown", options.nth(1)), ("ArrowUp", options.first), ("ArrowUp", options.last)):
        await reader.page.keyboard.press(key)
        await expect(place).to_have_attribute("aria-selected", "true")
        active = await field(reader).get_attribute("aria-activedescendant")
        assert active == await place.get_attribute("id")
        await expect(place).to_be_in_viewport()
    await expect(field(reader)).to_be_focused()
    await reader.page.keyboard.press("Escape")
    await expect(field(reader)).to_have_count(0)
    await expect(opener).to_be_focused()


async def test_writing_a_message_does_not_stand_in_the_way(reader: Reader) -> None:
    """It opens above a half-written message, and the message is still there afterwards."""
    await reader.meet("Mizzle")
    await reader.field.fill("half a thought")
    await opened(reader)
    await reader.page.keyboard.press("Control+k")
    await expect(field(reader)).to_have_count(0)
    await expect(reader.field).to_have_value("half a thought")
    await expect(reader.field).to_be_focused()


@in_every_look
async def test_it_is_legible(come: Come, viewport: dict[str, int], theme: str) -> None:
    """With everything, with what was found, and with nothing found."""
    reader = await come(viewport=viewport, color_scheme=theme)
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await opened(reader)
    await expect(reader.page.get_by_role("dialog").get_by_text("Chat with Mizzle")).to_be_attached()
    for wanted in ("", "iz", "w" * 80):
        await field(reader).fill(wanted)
        await reader.looks_right()
        await reader.is_accessible()
    await expect(reader.page.get_by_text("Nothing here is called")).to_be_visible()
