"""Writing a character: nothing written is lost, before it is saved or while it is (promises 1, 6 and 7)."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Locator, Route, expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import DESK, PHONE, in_every_look
from tests.http.asking import Asking, new_id
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio


def two_coloured(folder: Path) -> str:
    """A picture that is red to the left and blue to the right, twice as wide as high."""
    picture = Image.new("RGB", (400, 200), (220, 30, 30))
    picture.paste((30, 30, 220), (200, 0, 400, 200))
    path = folder / "two.png"
    picture.save(path)
    return str(path)


def field(reader: Reader, label: str) -> Locator:
    """What is written under that label."""
    return reader.main.get_by_role("textbox", name=label, exact=True)


async def by_name(ask: Asking, name: str) -> list[dict[str, Any]]:
    """All characters with that name."""
    return [one for one in (await ask.get("/api/v1/characters"))["characters"] if one["name"] == name]


async def made(ask: Asking, **fields: object) -> str:
    """The id of a new character."""
    answer = await ask("POST", "/api/v1/characters", json=fields)
    assert answer.status == 201, answer
    return str(answer.json["id"])


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_a_character_is_made_with_a_picture_cut_to_taste(
    come: Come, ask: Asking, tmp_path: Path, viewport: dict[str, int]
) -> None:
    """From an empty page to a card with a picture, cut by keyboard where a finger would drag; that cut is kept."""
    name = f"Nova {viewport['width']}"
    reader = await come(viewport=viewport)
    await reader.open()
    await reader.main.get_by_role("link", name="New character").click()
    await field(reader, "Name").fill(name)
    await field(reader, "Description").fill("{{char}} is a star that has just been lit. She is warm.")
    await field(reader, "First message").fill("*A flash.* Was that me?")
    await reader.button("Add a greeting").click()
    await reader.page.keyboard.type("Second light")
    await reader.button("Add a greeting").click()
    await reader.page.keyboard.type("Third light")
    await reader.button("Move greeting 3 up").click()
    tags = reader.main.get_by_role("combobox", name="Tags")
    await tags.fill("bright, warm,")
    await tags.press("Enter")
    await reader.looks_right()
    await reader.is_accessible()
    await (
        reader.main.get_by_label("Picture", exact=True)
        .locator("input[type=file]")
        .set_input_files(two_coloured(tmp_path))
    )
    frame = reader.page.get_by_role("group", name="Picture: the arrow keys")
    await expect(frame).to_be_focused()
    await expect(reader.button("Use this")).to_be_enabled()
    for _ in range(40):
        await frame.press("ArrowLeft")  # until its right side is all that is seen
    await reader.page.get_by_label("Size", exact=True).fill("2")
    await reader.looks_right()
    await reader.is_accessible()
    await reader.button("Use this").click()
    await expect(reader.page.get_by_role("dialog")).to_have_count(0)
    await reader.button("Save").click()
    await expect(reader.page.get_by_text(f"{name} is saved.")).to_be_visible()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text(name)
    [character] = await by_name(ask, name)
    assert character["alternate_greetings"] == ["Third light", "Second light"]
    assert character["tags"] == ["bright", "warm"]
    assert character["tagline"] == f"{name} is a star that has just been lit."
    avatar = Image.open(io.BytesIO((await ask("GET", character["avatar_url"])).content)).convert("RGB")
    assert avatar.width == avatar.height
    red, _, blue = avatar.getpixel((avatar.width // 2, avatar.height // 2))
    assert blue > 150 > red


async def test_the_preview_shows_what_will_be(reader: Reader) -> None:
    """As one writes: the name, the tagline out of the notes, and the greeting with its names and marks."""
    await reader.open("/characters/new")
    preview = reader.main.get_by_role("complementary", name="Preview")
    await field(reader, "Name").fill("Pre View")
    await field(reader, "Notes").fill("A glimpse of later. And more.")
    await field(reader, "First message").fill("*{{char}} waves.* Hello.")
    await expect(preview.locator(".name")).to_have_text("Pre View")
    await expect(preview.locator(".tagline")).to_have_text("A glimpse of later.")
    await expect(preview.locator("em")).to_have_text("Pre View waves.")
    await reader.button("Discard changes").click()
    await expect(field(reader, "Name")).to_have_value("")
    await reader.button("Undo").click()
    await expect(field(reader, "Name")).to_have_value("Pre View")
    await reader.button("Discard changes").click()


@in_every_look
async def test_only_what_was_changed_is_sent(come: Come, ask: Asking, viewport: dict[str, int], theme: str) -> None:
    """Somebody else changes another field meanwhile: both changes are kept."""
    character_id = await made(ask, name="Shared", description="old", scenario="old")
    reader = await come(viewport=viewport, color_scheme=theme)
    await reader.open(f"/characters/{character_id}")
    await reader.main.get_by_role("link", name="Edit").click()
    await expect(field(reader, "Description")).to_have_value("old")
    await expect(reader.button("Save")).to_be_disabled()
    await reader.looks_right()
    await reader.is_accessible()
    await field(reader, "Description").fill("new here")
    assert (await ask("PATCH", f"/api/v1/characters/{character_id}", json={"scenario": "new there"})).status == 200
    await reader.button("Save").click()
    await expect(reader.page.get_by_text("Shared is saved.")).to_be_visible()
    character = await ask.get(f"/api/v1/characters/{character_id}")
    assert (character["description"], character["scenario"]) == ("new here", "new there")


async def test_what_is_not_saved_outlives_a_reload_and_a_walk_away(reader: Reader, ask: Asking, tmp_path: Path) -> None:
    """Texts and picture are kept in this browser; leaving says so, and leads back. Saved, nothing is left over."""
    character_id = await made(ask, name="Draft", description="saved")
    await reader.open(f"/characters/{character_id}/edit")
    await field(reader, "Description").fill("not saved yet")
    await (
        reader.main.get_by_label("Picture", exact=True)
        .locator("input[type=file]")
        .set_input_files(two_coloured(tmp_path))
    )
    await expect(reader.button("Use this")).to_be_enabled()
    await reader.button("Use this").click()
    picture = reader.main.get_by_label("Picture", exact=True).locator("img")
    await expect(picture).to_have_attribute("src", re.compile("^data:image/webp;"))
    await reader.page.reload()
    await expect(field(reader, "Description")).to_have_value("not saved yet")
    await expect(picture).to_be_visible()
    await expect(reader.main).to_contain_text("You wrote this earlier and have not saved it yet.")
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    await expect(reader.page.get_by_text("Draft is not saved yet.")).to_be_visible()
    await reader.button("Go on writing").click()
    await expect(field(reader, "Description")).to_have_value("not saved yet")
    await reader.button("Save").click()
    await expect(reader.page.get_by_text("Draft is saved.")).to_be_visible()
    assert (await ask.get(f"/api/v1/characters/{character_id}"))["avatar_url"]
    await reader.open(f"/characters/{character_id}/edit")
    await expect(reader.main).to_contain_text("Everything is saved.")


async def test_a_refused_save_loses_nothing(reader: Reader, ask: Asking) -> None:
    """What is wrong stands at its field, which has the focus; everything that was written is still there."""
    reader.interrupted = True
    await reader.open("/characters/new")
    await field(reader, "Personality").fill("stubborn")
    await reader.button("Save").click()
    await expect(field(reader, "Name")).to_be_focused()
    await expect(field(reader, "Name")).to_have_accessible_description("A character needs a name.")
    await reader.looks_right()
    await reader.is_accessible()
    name = f"Refused {new_id()[:8]}"
    await field(reader, "Name").fill(name)

    async def refuse(route: Route) -> None:
        problem = {"title": "That is not valid", "detail": "personality: it is too stubborn", "code": "invalid"}
        await route.fulfill(status=422, json=problem, headers={"Content-Type": "application/problem+json"})

    await reader.page.route("**/api/v1/characters", refuse)
    await reader.button("Save").click()
    await expect(field(reader, "Personality")).to_be_focused()
    await expect(reader.page.get_by_text("it is too stubborn")).to_be_visible()
    await expect(field(reader, "Name")).to_have_value(name)
    assert await by_name(ask, name) == []
    await reader.page.unroute("**/api/v1/characters")
    await reader.button("Save").click()
    await expect(reader.page.get_by_text(f"{name} is saved.")).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_web_lost_while_it_is_saved_makes_one_character(
    come: Come, ask: Asking, installation: Installation, viewport: dict[str, int]
) -> None:
    """Web dies as the button is pressed: it is saved all the same, once, and the page says when."""
    reader = await come(viewport=viewport)
    reader.interrupted = True
    name = f"Survivor {new_id()[:8]}"
    await reader.open("/characters/new")
    await field(reader, "Name").fill(name)
    installation.kill("web")
    await reader.button("Save").click()
    await expect(reader.page.get_by_text(f"{name} is saved.")).to_be_visible()
    assert len(await by_name(ask, name)) == 1


async def test_an_answer_that_is_lost_makes_one_character(reader: Reader, ask: Asking) -> None:
    """The server has it, the page never heard of that, and more is written before it is saved again: one character."""
    reader.interrupted = True
    name = f"Once {new_id()[:8]}"
    lost = 0

    async def lose(route: Route) -> None:
        nonlocal lost
        if route.request.method != "POST" or lost:
            await route.fallback()
            return
        lost += 1
        await route.fetch()
        await route.abort()

    await reader.page.route("**/api/v1/characters", lose)
    await reader.open("/characters/new")
    await field(reader, "Name").fill(name)
    await reader.button("Save").click()
    await expect(reader.page.get_by_text(f"{name} is saved.")).to_be_visible()
    assert lost == 1
    assert len(await by_name(ask, name)) == 1


async def test_tokens_are_told_and_too_many_are_told_of(reader: Reader, ask: Asking) -> None:
    """Beside each field and in total; an estimate says that it is one; more than half of the context is told."""
    size = (await ask.get("/api/v1/settings"))["values"]["context_size"]

    async def count(route: Route) -> None:
        texts = json.loads(route.request.post_data or "{}")["texts"]
        await route.fulfill(json={"tokens": [len(text) for text in texts], "exact": False, "tokenizer": None})

    await reader.page.route("**/api/v1/tokens", count)
    await reader.open("/characters/new")
    await field(reader, "Name").fill("Heavy")
    await field(reader, "Description").fill("d" * 100)
    await expect(reader.main).to_contain_text("≈ 100 tokens")
    await expect(reader.main).to_contain_text(f"≈ 105 of {size:,} tokens go into every request")
    await field(reader, "Scenario").fill("s" * (size // 2))
    await expect(reader.main).to_contain_text("More than half of what the model can keep in mind")
    await reader.looks_right()
    await reader.is_accessible()
    await reader.button("Discard changes").click()
