"""Settings explain themselves, apply at once, say so, and lose nothing when the server goes away in between."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Locator, Route, expect

from tests.browser.conftest import Come
from tests.browser.other_model import KEY, MODELS, SAYS, other_model
from tests.browser.reader import Reader
from tests.browser.screens import PHONE, in_every_look
from tests.http.asking import Asking, new_id
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio

SECTIONS = ("Models", "Replies", "Persona", "Appearance", "Keyboard", "Data")


def row(reader: Reader, label: str) -> Locator:
    """The setting of that name, with all that belongs to it."""
    return reader.main.locator(".sampler, .seed").filter(has=reader.page.get_by_text(label, exact=True))


async def saved(place: Locator) -> None:
    """It says there that it is kept."""
    await expect(place.get_by_text("Saved", exact=True)).to_be_visible()


async def values(ask: Asking) -> dict[str, object]:
    """The settings as the server has them."""
    found: dict[str, object] = (await ask.get("/api/v1/settings"))["values"]
    return found


async def as_before(ask: Asking) -> None:
    """The shared installation is left as it was found."""
    names = [name for name in await values(ask) if name != "welcomed"]
    answer = await ask("PATCH", "/api/v1/settings", json=dict.fromkeys(names))
    assert answer.status == 200, answer


@in_every_look
async def test_every_section_is_legible_and_found(come: Come, viewport: dict[str, int], theme: str) -> None:
    """A list leads in on a telephone, stands beside on a desk; nothing is cut off, also from right to left."""
    reader = await come(viewport=viewport, color_scheme=theme)
    await reader.open("/settings")
    for name in SECTIONS:
        await reader.main.locator(f'nav a[href="/settings/{name.lower()}"]').click()
        await expect(reader.main.get_by_role("heading", name=name, exact=True)).to_be_visible()
        await expect(reader.main.get_by_text("Loading the settings…")).to_have_count(0)
        await reader.looks_right()
        await reader.is_accessible()
        await reader.page.evaluate("() => (document.documentElement.dir = 'rtl')")
        await reader.looks_right()
        await reader.page.evaluate("() => (document.documentElement.dir = 'ltr')")
        if viewport is PHONE:
            await reader.main.get_by_role("link", name="Settings", exact=True).click()


async def test_a_model_is_connected_and_the_next_reply_is_its(reader: Reader, ask: Asking) -> None:
    """A wrong address, a page instead of a server, a wrong key: each is told for what it is. Then the right one: its
    models, its first words, and from the next reply on it is the one that speaks. Its key is never seen again."""
    reader.interrupted = True
    await reader.meet("Mizzle")
    chat = reader.chat_id
    async with other_model() as base:
        await reader.open("/settings/models")
        await expect(reader.main.get_by_text("In use")).to_be_visible()
        await reader.button("Connect a model").click()
        dialog = reader.page.get_by_role("dialog")
        address, key, look = (
            dialog.get_by_label("Address"),
            dialog.get_by_label("Key", exact=True),
            dialog.get_by_text("Look", exact=True),
        )
        await look.click()
        await expect(dialog.get_by_text("An address begins with http://")).to_be_visible()
        for example, url in (("Ollama", "http://127.0.0.1:11434/v1"), ("llama.cpp", "http://127.0.0.1:8080/v1")):
            await dialog.get_by_role("button", name=example).click()
            await expect(address).to_have_value(url)
        for wrong, told in (
            ("http://127.0.0.1:1/v1", "does not answer"),
            (f"{base}/welcome", "something that is no reply"),
            (f"{base}/v1", "rejected the API key"),
        ):
            await address.fill(wrong)
            await key.fill("wrong-key")
            await look.click()
            await expect(dialog.get_by_text(told).first).to_be_visible()
            await expect(dialog.get_by_text("Save and use")).to_have_count(0)
            await reader.looks_right()
        await key.fill(KEY)
        await look.click()
        await expect(dialog.get_by_text("It answers, and has 2 models.")).to_be_visible()
        await dialog.get_by_text("Save and use").click()
        await expect(dialog.get_by_text("Which of its models should answer?")).to_be_visible()
        await dialog.get_by_label("Model", exact=True).select_option(MODELS[1])
        await expect(dialog.locator("blockquote")).to_have_text(SAYS)
        await reader.looks_right()
        await reader.is_accessible()
        await expect(dialog.get_by_label("Name")).to_have_value(f"{MODELS[1]} · {base.removeprefix('http://')}")
        await dialog.get_by_label("Name").fill("The heron")
        used = reader.main.get_by_text("The next reply comes from The heron.")
        said_before: list[int] = []

        async def kept(route: Route) -> None:
            if route.request.method == "PATCH":
                said_before.append(await used.count())
            await route.continue_()

        await reader.page.route("**/api/v1/settings", kept)
        await dialog.get_by_text("Save and use").click()
        await expect(dialog).to_have_count(0)
        await expect(used).to_be_visible()
        assert said_before == [0]
        await expect(reader.main.locator(".backend.active")).to_contain_text("The heron")
        await reader.open(f"/chats/{chat}")
        reply_id = await reader.say("Who are you now?")
        assert (await reader.ended(reply_id)).strip() == SAYS
        # Whatever is asked, the key stays where it is.
        assert KEY not in json.dumps(await ask.get("/api/v1/backends"))
        await reader.open("/settings/models")
        await reader.button("What to do with The heron").click()
        await reader.page.get_by_role("menuitem", name="Edit").click()
        await expect(key).to_have_value("")
        await expect(dialog.get_by_text("A key is kept.")).to_be_visible()
        await look.click()
        await expect(dialog.locator("blockquote")).to_have_text(SAYS)
        await dialog.get_by_role("button", name="Cancel").click()
        await reader.button("What to do with The heron").click()
        await reader.page.get_by_role("menuitem", name="Remove").click()
        await reader.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        await expect(reader.main.get_by_text("The heron", exact=True)).to_have_count(0)
        assert (await values(ask))["backend_id"] is None


async def test_a_manner_is_chosen_in_plain_words(reader: Reader, ask: Asking) -> None:
    """A preset sets what belongs to it, by one press; a single value ends it; and there is a way back for each."""
    await reader.open("/settings/replies")
    await reader.main.get_by_role("radio", name="Lively").check()
    await saved(reader.main.get_by_role("group", name="Manner"))
    assert (await values(ask))["temperature"] == 1.05
    temperature = row(reader, "Temperature")
    await expect(temperature.get_by_role("spinbutton")).to_have_value("1.05")
    await temperature.get_by_role("slider").focus()
    await reader.page.keyboard.press("ArrowRight")
    await saved(temperature)
    assert (await values(ask))["temperature"] == 1.1
    await expect(reader.main.get_by_text("Your own.", exact=True)).to_be_visible()
    await temperature.get_by_role("spinbutton").fill("99")
    await reader.page.keyboard.press("Tab")
    await expect(temperature.get_by_role("spinbutton")).to_have_value("5")
    await saved(temperature)
    back = temperature.get_by_role("button", name="Back to default")
    await back.click()
    await expect(temperature.get_by_role("spinbutton")).to_have_value("0.8")
    await expect(back).to_have_count(0)
    await row(reader, "Seed").get_by_role("spinbutton").fill("42")
    await reader.page.keyboard.press("Tab")
    await saved(row(reader, "Seed"))
    assert (await values(ask))["seed"] == 42
    await as_before(ask)


async def test_a_change_made_while_web_is_killed_is_kept(
    reader: Reader, ask: Asking, installation: Installation
) -> None:
    """It is shown at once, and said to be saved only when it is."""
    reader.interrupted = True
    await reader.open("/settings/replies")
    await expect(reader.main.get_by_role("radio", name="Precise")).to_be_attached()
    for name, temperature in (("Wild", 1.35), ("Precise", 0.35)):
        installation.kill("web")
        await reader.main.get_by_role("radio", name=name).check()
        await saved(reader.main.get_by_role("group", name="Manner"))
        assert (await values(ask))["temperature"] == temperature
    await as_before(ask)


async def test_a_persona_is_made_worn_and_taken_off(reader: Reader, ask: Asking, tmp_path: Path) -> None:
    """Name, description and picture; the default for new chats; deleted with a way back."""
    picture = tmp_path / "me.png"
    Image.new("RGB", (300, 200), "teal").save(picture)
    (tmp_path / "no.png").write_bytes(b"no picture")
    await reader.open("/settings/persona")
    await reader.button("Create a persona").click()
    dialog = reader.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("A persona needs a name.")).to_be_visible()
    await dialog.get_by_label("Name").fill("Maren")
    await dialog.get_by_label("Description").fill("{{user}} keeps bees.")
    await dialog.locator("input[type=file]").set_input_files(tmp_path / "no.png")
    await expect(dialog.get_by_text("This file is no picture")).to_be_visible()
    await dialog.locator("input[type=file]").set_input_files(picture)
    await reader.button("Use this").click()
    await expect(reader.button("Use this")).to_have_count(0)
    await expect(dialog.locator("img")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    mine = reader.main.locator(".persona").filter(has_text="Maren")
    await expect(mine.locator("img")).to_be_visible()
    await mine.get_by_role("switch").check()
    await saved(reader.main)
    persona_id = (await values(ask))["persona_id"]
    await reader.meet("Mizzle")
    assert (await ask.get(f"/api/v1/chats/{reader.chat_id}"))["persona_id"] == persona_id
    await reader.open("/settings/persona")
    await reader.button("What to do with Maren").click()
    await reader.page.get_by_role("menuitem", name="Edit").click()
    await dialog.get_by_label("Name").fill("Maren Holt")
    await dialog.get_by_role("button", name="Save").click()
    await reader.button("What to do with Maren Holt").click()
    await reader.page.get_by_role("menuitem", name="Delete").click()
    await expect(mine).to_have_count(0)
    await reader.button("Undo").click()
    await expect(mine).to_be_visible()
    await expect(mine.locator("img")).to_be_visible()
    await expect(mine.get_by_role("switch")).to_be_checked()
    await ask("DELETE", f"/api/v1/personas/{persona_id}")
    await as_before(ask)


async def test_appearance_is_seen_at_once_and_stays(reader: Reader) -> None:
    """Each choice changes the sample beside it, and is there after a reload."""
    await reader.open("/settings/appearance")
    sample = reader.main.locator("figure .prose")

    async def style(name: str) -> str:
        return str(await sample.evaluate("(one, name) => getComputedStyle(one)[name]", name))

    before = [await style("fontFamily"), await style("fontSize")]
    for choice in ("Dark", "System", "Large", "Wide"):
        await reader.main.get_by_role("radio", name=choice, exact=True).check()
        await expect(reader.main.get_by_role("status")).to_have_text("Saved")
    after = [await style("fontFamily"), await style("fontSize")]
    assert all(one != other for one, other in zip(before, after, strict=True))
    await reader.page.reload()
    root = reader.page.locator("html")
    for trait, choice in (("theme", "dark"), ("prose", "sans"), ("size", "large"), ("measure", "wide")):
        await expect(root).to_have_attribute(f"data-{trait}", choice)
    assert [await style("fontFamily"), await style("fontSize")] == after


async def test_a_choice_that_the_browser_does_not_keep_is_not_called_saved(reader: Reader) -> None:
    """It is seen all the same, and said to be for this page only."""
    await reader.open("/settings/appearance")
    await reader.page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    await reader.main.get_by_role("radio", name="Large", exact=True).check()
    await expect(reader.main.get_by_role("status")).to_have_text(
        "Only until this page is closed: this browser keeps nothing."
    )
    await expect(reader.page.locator("html")).to_have_attribute("data-size", "large")


async def test_the_browsers_own_bars_have_the_colour_of_the_page(come: Come) -> None:
    """By the system, and by the person's own choice: at once, and before the page is there the next time."""
    reader = await come(color_scheme="light")
    await reader.open("/settings/appearance")

    async def bars_like_page() -> bool:
        return bool(await reader.page.evaluate(BARS_LIKE_PAGE))

    assert await bars_like_page()
    for choice in ("Dark", "Light", "As the system", "Dark"):
        await reader.main.get_by_role("radio", name=choice, exact=True).check()
        assert await bars_like_page(), choice
    await reader.page.reload()
    await expect(reader.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await bars_like_page()
    await reader.main.get_by_role("radio", name="As the system", exact=True).check()
    await reader.page.emulate_media(color_scheme="dark")
    assert await bars_like_page()


BARS_LIKE_PAGE = """() => {
  const colours = [...document.querySelectorAll("meta[name=theme-color]")];
  const probe = document.createElement("i");
  probe.style.color = colours.find((one) => matchMedia(one.media).matches).content;
  document.body.append(probe);
  const wanted = getComputedStyle(probe).color;
  probe.remove();
  return wanted === getComputedStyle(document.body).backgroundColor;
}"""


async def test_data_can_be_seen_taken_along_and_brought_back(
    reader: Reader, ask: Asking, installation: Installation
) -> None:
    """Where it lies and how much it is; one file with everything; and the trash gives back what was deleted."""
    kept, title = await reader.meet("Philomena"), "The chat about soup"
    await reader.open("/settings/data")  # Left first: an open one may still ask for itself.
    await ask("PATCH", f"/api/v1/chats/{kept}", json={"title": title})
    await ask("DELETE", f"/api/v1/chats/{kept}")
    await reader.open("/settings/data")
    await expect(reader.main.get_by_text(str(installation.data_dir))).to_be_visible()
    async with reader.page.expect_download() as coming:
        await reader.page.get_by_role("link", name="Download everything").click()
    path = await (await coming.value).path()
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert any(name.startswith("characters/") and name.endswith(".png") for name in archive.namelist())
    await reader.button(f"Restore {title}").click()
    await expect(reader.main.get_by_text(f"{title} is back.")).to_be_visible()
    await expect(reader.button(f"Restore {title}")).to_have_count(0)
    assert (await ask.get(f"/api/v1/chats/{kept}"))["title"] == title


async def test_deleted_messages_and_personas_come_back_from_the_trash(reader: Reader, ask: Asking) -> None:
    """Long after the offer to undo is gone: a message by its first line, under its chat, with all that followed."""
    await reader.meet("Philomena")
    chat, persona = reader.chat_id, new_id()
    await ask("PATCH", f"/api/v1/chats/{chat}", json={"title": "Things unsaid"})
    await ask.told(chat, "*A first line*\n\nand a second [[tokens=3]]")
    whole = await ask.messages(chat)
    await ask("DELETE", f"/api/v1/chats/{chat}/messages/{whole[1]['id']}")
    await ask("PUT", f"/api/v1/personas/{persona}", json={"name": "Isa Who Was"})
    await ask("DELETE", f"/api/v1/personas/{persona}")
    await reader.open("/settings/data")
    heading = reader.main.get_by_role("heading", name="Deleted in “Things unsaid”, with what followed")
    await expect(heading).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    for name in ("A first line", "Isa Who Was"):
        await reader.button(f"Restore {name}").click()
        await expect(reader.main.get_by_text(f"{name} is back.")).to_be_visible()
        await expect(reader.button(f"Restore {name}")).to_have_count(0)
    assert await ask.messages(chat) == whole
    assert (await ask.get(f"/api/v1/personas/{persona}"))["name"] == "Isa Who Was"
    await ask("DELETE", f"/api/v1/personas/{persona}")


async def test_erasing_for_good_is_asked_twice(reader: Reader, ask: Asking) -> None:
    """No is the easier answer; after yes the trash is empty."""
    chat_id = await reader.meet("Philomena")
    await reader.open("/settings/data")  # Left first, as above.
    await ask("DELETE", f"/api/v1/chats/{chat_id}")
    await reader.open("/settings/data")
    await reader.button("Erase for good").click()
    dialog = reader.page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    await reader.looks_right()
    await reader.page.keyboard.press("Escape")
    await expect(reader.button("Erase for good")).to_be_visible()
    await reader.button("Erase for good").click()
    await dialog.get_by_role("button", name="Erase for good").click()
    await expect(reader.main.get_by_text("The trash is empty. What was in it is erased.")).to_be_visible()
    trash = await ask.get("/api/v1/trash")
    assert (trash["chats"], trash["messages"]) == ([], 0)
