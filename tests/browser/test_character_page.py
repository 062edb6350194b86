"""The page of a character: who it is, how it may begin, its chats, and what can be done with it."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import DESK, PHONE, in_every_look
from tests.http.asking import Asking, new_id
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio

FIELDS = {
    "description": "{{char}} mends clocks that are not broken.",
    "first_mes": "The first *tick*.",
    "alternate_greetings": ["", "The second tock, {{user}}.", "The third chime."],
    "mes_example": "<START>\n{{user}}: Late again?\n{{char}}: Early, tomorrow.",
    "creator_notes": "Made of <b>brass</b>.",
    "tags": ["clocks", "dry"],
    "creator": "A tester",
    "character_version": "3",
}


async def made(ask: Asking, name: str, **more: object) -> str:
    """The id of a new character."""
    answer = await ask("POST", "/api/v1/characters", json={"name": name, **FIELDS, **more})
    assert answer.status == 201, answer
    return str(answer.json["id"])


@in_every_look
async def test_it_tells_who_it_is(come: Come, ask: Asking, viewport: dict[str, int], theme: str) -> None:
    """Everything that the card says, its notes as plain text, and the long parts folded away until they are wanted."""
    character_id = await made(ask, f"Tick {theme} {viewport['width']}")
    reader = await come(viewport=viewport, color_scheme=theme)
    await reader.open(f"/characters/{character_id}")
    await expect(reader.main).to_contain_text("By A tester, version 3")
    await expect(reader.main).to_contain_text("mends clocks that are not broken")
    await expect(reader.main).to_contain_text("Made of <b>brass</b>.")
    await expect(reader.main).to_contain_text("No chats with Tick")
    await expect(reader.page.get_by_text("Early, tomorrow.")).to_be_hidden()
    await reader.main.get_by_text("Example dialogue").click()
    await expect(reader.page.get_by_text("Early, tomorrow.")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_a_chat_begins_with_the_greeting_that_was_chosen(
    come: Come, ask: Asking, viewport: dict[str, int]
) -> None:
    """Greetings are looked through, forwards and around; empty ones are none. The chat shows the chosen one."""
    character_id = await made(ask, "Tock")
    reader = await come(viewport=viewport)
    await reader.open(f"/characters/{character_id}")
    await expect(reader.main).to_contain_text("Greeting 1 of 3")
    await reader.button("Next greeting").click()
    await expect(reader.main).to_contain_text("The second tock, you.")
    await reader.page.keyboard.press("ArrowRight")
    await expect(reader.main).to_contain_text("The third chime.")
    await reader.page.keyboard.press("ArrowRight")
    await expect(reader.main).to_contain_text("The first tick.")
    await reader.button("Previous greeting").click()
    await reader.button("Previous greeting").click()
    await reader.button("Start a chat").click()
    await expect(reader.messages).to_have_count(1)
    await expect(reader.messages.first).to_contain_text("The second tock")


async def test_its_chats_are_there(reader: Reader, ask: Asking) -> None:
    """What was said last in each, the latest first; the last one is one press away, and all of them are two."""
    character_id = await made(ask, "Chime")
    for n in range(7):
        chat_id = new_id()
        assert (await ask("PUT", f"/api/v1/chats/{chat_id}", json={"character_ids": [character_id]})).status == 201
        await ask.told(chat_id, f'[[text="Chime number {n}."]]')
    await reader.open(f"/characters/{character_id}")
    await expect(reader.main.get_by_role("link", name="Chime number")).to_have_count(5)
    await expect(reader.main.get_by_role("link", name="Chime number").first).to_have_text("Chime number 6.")
    await expect(reader.main.get_by_role("link", name="To the last chat")).to_have_attribute(
        "href", f"/chats/{chat_id}"
    )
    await reader.main.get_by_role("link", name="All 7 chats").click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Chats with Chime")
    await expect(reader.page.locator(".preview")).to_have_count(7)
    await reader.main.get_by_role("link", name="All chats").click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Chats")


async def test_a_card_is_handed_out(reader: Reader, ask: Asking) -> None:
    """As other programs read it, with everything that is in it."""
    character_id = await made(ask, "Export")
    await reader.open(f"/characters/{character_id}")
    await reader.button("What to do with Export").click()
    async with reader.page.expect_download() as waiting:
        await reader.page.get_by_role("menuitem", name="Export as text (JSON)").click()
    download = await waiting.value
    assert download.suggested_filename == "export.json"
    card = json.loads((await download.path()).read_text())
    assert card["data"]["alternate_greetings"] == FIELDS["alternate_greetings"][1:] or card["data"]["first_mes"]


async def test_a_deleted_character_comes_back(reader: Reader, ask: Asking, installation: Installation) -> None:
    """Deleting hides, and the way back is offered at once; web dies in between, and both happen all the same."""
    reader.interrupted = True
    character_id = await made(ask, "Lazarus")
    await reader.open(f"/characters/{character_id}")
    await reader.button("What to do with Lazarus").click()
    installation.kill("web")
    await reader.page.get_by_role("menuitem", name="Delete").click()
    await expect(reader.page.get_by_text("Lazarus was deleted.")).to_be_visible()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await expect(reader.button("Chat with Lazarus")).to_have_count(0)
    assert (await ask("GET", f"/api/v1/characters/{character_id}")).status == 404
    await reader.button("Undo").click()
    await expect(reader.button("Chat with Lazarus")).to_be_visible()
    assert (await ask("GET", f"/api/v1/characters/{character_id}")).status == 200
