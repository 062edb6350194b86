"""Keys that mean something everywhere, and the table that tells of them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import in_every_look

pytestmark = pytest.mark.anyio


@in_every_look
async def test_a_question_mark_shows_them_all(come: Come, viewport: dict[str, int], theme: str) -> None:
    """Over any page; Escape closes. The same table stands in the settings."""
    reader = await come(viewport=viewport, color_scheme=theme)
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await reader.page.keyboard.press("?")
    dialog = reader.page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog).to_be_visible()
    await expect(dialog).to_contain_text("Go to the chats")
    await reader.looks_right()
    await reader.is_accessible()
    told = await dialog.locator("dt").all_text_contents()
    await reader.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await reader.open("/settings/keyboard")
    await expect(reader.main.locator("dt").first).to_be_visible()
    assert await reader.main.locator("dt").all_text_contents() == told


async def test_g_and_a_letter_go_places(reader: Reader) -> None:
    """One key after the other leads to each place."""
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    for letter, path in (("t", "/chats"), ("s", "/settings"), ("c", "/")):
        await reader.page.keyboard.press("g")
        await reader.page.keyboard.press(letter)
        await expect(reader.page).to_have_url(reader.base + path)


async def test_who_writes_writes(reader: Reader) -> None:
    """In a field the same keys are letters."""
    await reader.meet("Mizzle")
    await reader.field.press_sequentially("gs, why?")
    await expect(reader.field).to_have_value("gs, why?")
    await expect(reader.page.get_by_role("dialog")).to_have_count(0)
    assert reader.page.url.endswith(reader.chat_id)
