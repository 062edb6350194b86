"""Cards that are dropped on the gallery, good, bad and hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from perdure.core.errors import BadCard
from tests.browser.cards import json_card, picture, png_card, saved
from tests.browser.reader import Reader
from tests.http.asking import Asking

pytestmark = pytest.mark.anyio

ATTACK = "<img src=x onerror=hacked=1><script>hacked=1</script><a href='javascript:hacked=1'>see</a>"


async def drop(reader: Reader, files: list[str]) -> None:
    """Drag files from the desktop over the page and let go."""
    devtools = await reader.page.context.new_cdp_session(reader.page)
    data = {"items": [], "files": files, "dragOperationsMask": 1}
    # They are let go the moment they come over something else: nothing has told the browser yet that it takes them.
    for step, x in (("dragEnter", 100), ("dragOver", 100), ("drop", 400)):
        await devtools.send("Input.dispatchDragEvent", {"type": step, "x": x, "y": 300, "data": data})
        if step == "dragEnter":
            await expect(reader.page.get_by_text("Drop the card to add its character")).to_be_visible()
    await devtools.detach()


async def test_cards_are_dropped_on_the_gallery(reader: Reader, tmp_path: Path) -> None:
    """PNG of V2 and V3 and JSON, several at once: each is in the gallery at once, with its picture, and can be met."""
    files = saved(
        tmp_path,
        a_png=png_card("Dora Dropped", "v2", first_mes="I fell from a *great* height."),
        b_png=png_card("Dunja Dropped", "v3"),
        c_json=json_card("Dimitri Dropped", "v2"),
    )
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await drop(reader, files)
    for name in ("Dora Dropped", "Dunja Dropped", "Dimitri Dropped"):
        await expect(reader.page.get_by_text(f"{name} is in your gallery.")).to_be_visible()
        await expect(reader.button(f"Chat with {name}")).to_be_visible()
    card = reader.page.locator("article", has=reader.button("Chat with Dora Dropped"))
    await card.scroll_into_view_if_needed()  # pictures are fetched when they come into sight
    await expect(card.locator("img")).not_to_have_js_property("naturalWidth", 0)
    await reader.meet("Dora Dropped")
    await expect(reader.messages.first.locator("em")).to_have_text("great")


async def test_a_foreign_file_is_refused_with_a_sentence(reader: Reader, tmp_path: Path) -> None:
    """Whose mistake, what it is and what to do; and the good card beside it comes in all the same."""
    reader.interrupted = True
    files = saved(tmp_path, holiday_png=picture(), note_json=b"{ not json", good_json=json_card("Greta Goodfile"))
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await drop(reader, files)
    await expect(reader.page.get_by_text("Greta Goodfile is in your gallery.")).to_be_visible()
    remedies = {"holiday.png": "Get the original card file", "note.json": "Get the card again"}
    for name, remedy in remedies.items():
        refused = reader.page.get_by_role("listitem").filter(has_text=name)
        await expect(refused).to_contain_text("This file is no character card")
        await expect(refused).to_contain_text(remedy)
        await expect(refused).not_to_contain_text(BadCard.remedy)
    await expect(reader.button("Chat with Greta Goodfile")).to_be_visible()
    await reader.looks_right()


async def test_hostile_text_stays_text(reader: Reader, ask: Asking, tmp_path: Path) -> None:
    """Markup in a card or from a model is shown as it is written, makes no element and runs nothing, anywhere."""
    name = f"Eve {ATTACK}"
    fields: dict[str, Any] = {"first_mes": ATTACK, "description": ATTACK, "creator_notes": ATTACK, "tags": [ATTACK]}
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await drop(reader, saved(tmp_path, eve_json=json_card(name, **fields)))
    added = reader.page.get_by_text("is in your gallery").get_by_role("link")
    await expect(added).to_have_text(name)
    await expect(reader.page.locator("article .tags", has_text=ATTACK)).to_have_count(1)
    await added.click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text(name)
    await expect(reader.page.locator(".prose").first).to_have_text(ATTACK)
    await reader.button("Start a chat").click()
    await expect(reader.messages.first.locator(".text")).to_have_text(ATTACK)
    reply_id = await reader.say(f'do your worst [[text="{ATTACK}"]]')
    assert await reader.ended(reply_id) == (await ask.messages(reader.chat_id))[-1]["text"] == ATTACK
    await expect(reader.page.locator(".text").locator("img, script, a")).to_have_count(0)
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    await expect(reader.page.locator(".preview").first).to_contain_text("onerror")
    assert await reader.page.evaluate("() => typeof hacked") == "undefined"
