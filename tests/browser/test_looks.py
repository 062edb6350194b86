"""Legible and whole on small and large screens, light and dark; usable without a mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import expect

from tests.browser.cards import json_card, saved
from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import PHONE, in_every_look
from tests.http.asking import Asking, new_id

pytestmark = pytest.mark.anyio

LONG_NAME = "Bartholomäus Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstellenleiter der Ältere"
ARABIC = "مرحبا بك يا صديقي، ماذا تريد أن تشرب هذا المساء؟"

FOCUS = """() => {
  const at = document.activeElement;
  const outlines = [null, "::after"].map((part) => getComputedStyle(at, part).outlineStyle);
  return [at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent, outlines];
}"""
"""The name of what has the focus, and how that is shown."""


SMALL = """() => [...document.querySelectorAll("button, a[href], input, select, textarea, summary")]
  // A link within a text is as high as its line.
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".visually-hidden, .prose, p"))
  .map((one) => {
    const whole = getComputedStyle(one, "::after").position === "absolute" ? one.closest("article, li") : null;
    const label = one.matches("[type=radio], [type=checkbox]") ? one.closest("label") : null;
    const { width, height } = (whole ?? label ?? one).getBoundingClientRect();
    return [one.ariaLabel || one.textContent.trim() || one.id, width, height];
  })
  .filter(([, width, height]) => width > 0 && (width < 44 || height < 44))"""
"""What a finger would miss: its name and size, in pixels."""


async def test_a_finger_finds_whatever_can_be_pressed(come: Come, ask: Asking) -> None:
    """44 pixels each way, on every page."""
    reader = await come(viewport=PHONE, has_touch=True, is_mobile=True)
    character = await ask.character()
    for _ in range(12):  # more than its page lists
        await ask.chat()
    await reader.meet("Mizzle")
    await reader.ended(await reader.say("Hello [[tokens=5]]"))
    found = {"chat": await reader.page.evaluate(SMALL)}
    sections = [f"/settings/{name}" for name in ("models", "replies", "persona", "appearance", "keyboard", "data")]
    for path in ["/", "/chats", f"/characters/{character}", f"/characters/{character}/edit", *sections]:
        await reader.open(path)
        await expect(reader.page.get_by_role("heading").first).to_be_visible()
        await reader.page.wait_for_load_state("networkidle")
        found[path] = await reader.page.evaluate(SMALL)
    assert not any(found.values()), found


@in_every_look
async def test_every_page_is_legible_and_nothing_is_cut_off(
    come: Come, tmp_path: Path, viewport: dict[str, int], theme: str
) -> None:
    """All pages, with endless words, a script that runs from right to left, and a failure: nothing scrolls sideways or
    leaves the page, and every text has the contrast that WCAG AA asks for."""
    reader = await come(viewport=viewport, color_scheme=theme)
    reader.interrupted = True
    fields: dict[str, Any] = {
        "tags": ["x" * 90, "two words"],
        "description": "w" * 300,
        "first_mes": f"{ARABIC}\n\n> {'q' * 200}",
    }
    files = saved(tmp_path, long_json=json_card(LONG_NAME, **fields), bad_json=b"no card at all")
    await reader.open()
    await reader.page.get_by_label("Character card files").set_input_files(files)
    added = reader.main.get_by_role("link", name=LONG_NAME, exact=True).first
    await expect(added).to_be_visible()
    await expect(reader.page.get_by_text("This file is no character card")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await added.click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text(LONG_NAME)
    await reader.looks_right()
    await reader.is_accessible()
    await reader.button("Start a chat").click()
    await reader.ended(await reader.say(f'{"y" * 200} [[text="{ARABIC} `{"z" * 120}` *and* **so** on"]]'))
    await expect(reader.messages.first.locator("p[dir=auto]").first).to_have_css("direction", "rtl")
    await reader.ended(await reader.say(f'[[status=400 message="{"m" * 150}"]]'), "failed")
    await expect(reader.button("Try again")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await reader.open("/chats")
    await expect(reader.main.get_by_role("link", name=LONG_NAME).first).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await reader.button(f"What to do with the chat {LONG_NAME}").first.click()
    await expect(reader.page.get_by_role("menuitem", name="Delete")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await reader.open("/no/such/page")
    await expect(reader.page.get_by_role("heading", level=1)).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()


async def test_light_and_dark_are_two(come: Come) -> None:
    """The page follows what the person's system is set to, at once."""
    reader = await come(color_scheme="light")
    await reader.open()
    grounds = []
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for theme in themes:
        await reader.page.emulate_media(color_scheme=theme)
        grounds.append(await reader.page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(250, 247, 242)", "rgb(22, 21, 18)"]


async def test_the_font_is_ready_before_there_are_words(reader: Reader) -> None:
    """What comes late would make the words move; a preloaded font that nothing has used is dropped after seconds."""
    await reader.open("/chats")
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Chats")
    for face in ("1em Literata", "italic 1em Literata"):
        await reader.until(lambda face=face: reader.page.evaluate("(face) => document.fonts.check(face)", face))


async def test_all_of_it_by_keyboard(reader: Reader) -> None:
    """Choose, write, stop, go on, delete: with Tab, Enter and Escape alone, and the focus is always to be seen."""
    keyboard = reader.page.keyboard

    async def tab_to(name: str, key: str = "Tab") -> None:
        """Press the key until the focus is on what has that name."""
        for _ in range(60):
            await keyboard.press(key)
            here, outlines = await reader.page.evaluate(FOCUS)
            if " ".join(here.split()) == name:
                assert "solid" in outlines, f"the focus on {name} cannot be seen"
                return
        raise AssertionError(f"Tab never came to {name}")

    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await tab_to("Chat with Mizzle")
    await keyboard.press("Enter")
    await expect(reader.field).to_be_focused()
    await keyboard.type("one line")
    await keyboard.press("Shift+Enter")
    await keyboard.type("and a second [[tokens=400 interval=0.03]]")
    await keyboard.press("Enter")
    await expect(reader.field).to_have_value("")
    await expect(reader.messages.nth(1).locator("br")).to_have_count(1)
    reply_id = await reader.reply_at(1)
    await reader.reads(reply_id, more_than=10)
    await tab_to("Stop")
    await keyboard.press("Enter")
    await reader.ended(reply_id, "stopped")
    await expect(reader.field).to_be_focused()
    await tab_to("Continue", "Shift+Tab")
    await keyboard.press("Space")
    await expect(reader.field).to_be_focused()
    await expect(reader.button("Continue")).to_have_count(0)
    chat_id = reader.chat_id
    await tab_to("Chats")
    await keyboard.press("Enter")
    more = reader.button("What to do with the chat Mizzle").first
    await expect(more).to_be_visible()
    await tab_to("What to do with the chat Mizzle")
    await keyboard.press("Enter")
    await expect(reader.page.get_by_role("menuitem", name="Rename…")).to_be_focused()
    await keyboard.press("Escape")
    await expect(reader.page.get_by_role("menu")).to_have_count(0)
    await expect(more).to_be_focused()
    await keyboard.press("Enter")
    await expect(reader.page.get_by_role("menuitem", name="Rename…")).to_be_focused()
    await keyboard.press("End")
    await keyboard.press("Enter")
    await expect(reader.page.get_by_role("heading", name="Chats", exact=True)).to_be_focused()
    chat = reader.main.locator(f'a[href="/chats/{chat_id}"]')
    await expect(chat).to_have_count(0)
    # It is offered once the server has the deletion: who goes back from the heading sooner passes its place.
    await expect(reader.button("Undo")).to_be_visible()
    await tab_to("Undo", "Shift+Tab")
    await keyboard.press("Enter")
    await expect(chat).to_have_count(1)


LEFTMOST = """(name) => {
  const range = document.createRange();
  const text = name.firstChild;
  range.setStart(text, text.length - 1);
  range.setEnd(text, text.length);
  const end = range.getBoundingClientRect();
  range.setStart(text, 0);
  range.setEnd(text, 1);
  const start = range.getBoundingClientRect();
  const { left, right } = name.getBoundingClientRect();
  return { start: start.left >= left && start.right <= right + 1, end: end.left >= left };
}"""
"""Whether the first letter of a name written from the right is within its line, and the last one."""


async def test_a_long_name_keeps_its_beginning_whichever_way_it_is_written(come: Come, ask: Asking) -> None:
    """Above the chat and above what was said, where there is no room for all of it."""
    name = "شهرزاد بنت الوزير التي لا تنام ولا تمل من الحكايات الطويلة"
    made = await ask("POST", "/api/v1/characters", json={"name": name, "first_mes": "مساء الخير"})
    chat = new_id()
    await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [made.json["id"]]})
    reader = await come(viewport=PHONE)
    await reader.open(f"/chats/{chat}")
    await expect(reader.messages).to_have_count(1)
    for shown in (reader.page.locator("h1 bdi"), reader.messages.first.locator("h2 bdi")):
        assert await shown.evaluate(LEFTMOST) == {"start": True, "end": False}
