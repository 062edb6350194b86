"""The gallery: whoever is looked for is found, whoever was talked with is one press away, a star tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.cards import json_card, saved
from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import DESK, PHONE
from tests.http.asking import Asking
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio

CAST = {
    "Zoë Lightkeeper": {"tags": ["sea", "night"], "creator_notes": "Keeps a lighthouse on a rock."},
    "Ärzu of the Kites": {"tags": ["sea", "cosy"], "creator_notes": "A tailor of kites."},
    "Bo the Ninth": {"tags": ["Sea"], "creator_notes": "Counts everything twice."},
}


async def cast(ask: Asking) -> dict[str, str]:
    """The ids of characters of this file by their names; they are made once, and stay."""
    known = {one["name"]: one["id"] for one in (await ask.get("/api/v1/characters"))["characters"]}
    for name, fields in CAST.items():
        if name not in known:
            made = await ask("POST", "/api/v1/characters", json={"name": name, **fields})
            assert made.status == 201, made
            known[name] = made.json["id"]
    return {name: known[name] for name in CAST}


def cards(reader: Reader) -> Locator:
    """The names on the cards, in their order."""
    return reader.main.locator("article .name")


def star(reader: Reader, name: str) -> Locator:
    """The star of a character, whichever way it stands."""
    card = reader.main.locator("article", has=reader.page.get_by_role("button", name=f"Chat with {name}", exact=True))
    return card.locator("button[aria-pressed]")


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_who_is_looked_for_is_found_as_one_types(come: Come, ask: Asking, viewport: dict[str, int]) -> None:
    """By name, tagline and tag, without accents; nobody is said plainly, and one press shows everybody again."""
    await cast(ask)
    reader = await come(viewport=viewport)
    await reader.open()
    search = reader.main.get_by_role("searchbox", name="Search characters")
    for words, found in (("zoe", "Zoë"), ("ARZU", "Ärzu"), ("rock lighthouse", "Zoë"), ("kites cosy", "Ärzu")):
        await search.fill(words)
        await expect(cards(reader)).to_have_count(1)
        await expect(cards(reader)).to_contain_text(found)
    await search.fill("nobody at all")
    await expect(reader.page.get_by_role("heading", name="Nobody here is like that")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    await reader.main.get_by_role("button", name="Clear search").last.click()
    await expect(search).to_have_value("")
    await expect(reader.button("Chat with Mizzle")).to_be_visible()


async def test_a_tag_shows_its_bearers_and_an_order_is_kept(reader: Reader, ask: Asking) -> None:
    """A tag narrows, however it is written on each card; the chosen order is there again after a reload."""
    await cast(ask)
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await reader.main.get_by_label("Order").select_option("By name")
    if not await reader.button("sea").is_visible():
        await reader.button("More tags").click()
    await reader.button("sea").click()
    await expect(cards(reader)).to_have_text(["Ärzu of the Kites", "Bo the Ninth", "Zoë Lightkeeper"])
    await reader.is_accessible()
    await reader.page.reload()
    await expect(reader.main.get_by_label("Order")).to_have_value("name")


async def test_those_talked_with_lately_are_one_press_away(reader: Reader) -> None:
    """The row at the top leads into that very chat, and the one talked with last comes first."""
    await reader.meet("Tove Ransel")
    chat_id = reader.chat_id
    await reader.ended(await reader.say("over [[tokens=3]]"))
    await reader.open()
    row = reader.main.get_by_role("region", name="Talked with lately")
    first = row.get_by_role("link").first
    await expect(first).to_have_accessible_name("Continue with Tove Ransel")
    await expect(cards(reader).first).to_have_text("Tove Ransel")
    await first.click()
    await expect(reader.messages).to_have_count(3)
    assert reader.chat_id == chat_id


async def test_a_favourite_comes_first_and_is_kept_through_the_death_of_web(
    reader: Reader, ask: Asking, installation: Installation
) -> None:
    """The star is there at once; web dies before it has heard of it, and it is kept all the same."""
    reader.interrupted = True
    name = "Bo the Ninth"
    character_id = (await cast(ask))[name]
    await ask("PATCH", f"/api/v1/characters/{character_id}", json={"favourite": False})
    await reader.open()
    await expect(star(reader, name)).to_have_attribute("aria-pressed", "false")
    installation.kill("web")
    await star(reader, name).click()
    await expect(star(reader, name)).to_have_attribute("aria-pressed", "true")
    async with reader.page.expect_response(lambda r: r.request.method == "PATCH" and r.ok):
        pass
    assert (await ask.get(f"/api/v1/characters/{character_id}"))["favourite"] is True
    await reader.page.reload()
    await reader.main.get_by_label("Order").select_option("Favourites first")
    await expect(star(reader, name)).to_have_attribute("aria-pressed", "true")
    await ask("PATCH", f"/api/v1/characters/{character_id}", json={"favourite": False})


async def test_favourites_can_be_seen_alone(reader: Reader, ask: Asking) -> None:
    """Beside the tags, as soon as there is one; without one left, the page says so and leads back."""
    character_id = await ask.character()
    name = (await ask.get(f"/api/v1/characters/{character_id}"))["name"]
    await ask("PATCH", f"/api/v1/characters/{character_id}", json={"favourite": True})
    await reader.open()
    await reader.button("Favourites").click()
    await expect(cards(reader)).to_have_count(1)
    await expect(cards(reader)).to_contain_text(name)
    await reader.is_accessible()
    await star(reader, name).click()
    await expect(reader.main.get_by_text("Nobody has your star.")).to_be_visible()
    await reader.button("Clear search").click()
    await expect(cards(reader)).not_to_have_count(0)
    await expect(reader.button("Favourites")).to_have_count(0)


async def test_a_telephone_is_sent_small_pictures(come: Come) -> None:
    """No larger than they are shown, on a fine screen too; and no picture twice."""
    reader = await come(viewport=PHONE, device_scale_factor=3, is_mobile=True, has_touch=True)
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url) if "/avatar" in request.url else None)
    await reader.open()
    await expect(cards(reader)).not_to_have_count(0)
    await reader.page.wait_for_load_state("networkidle")
    assert asked
    assert all(url.endswith("&size=small") for url in asked), asked
    assert len(asked) == len(set(asked))


async def test_a_refused_star_is_taken_back_with_a_word(reader: Reader, ask: Asking) -> None:
    """Nobody believes that something is kept which is not (promise 8)."""
    await cast(ask)
    reader.interrupted = True

    async def refuse(route: Route) -> None:
        if route.request.method != "PATCH":
            await route.fallback()
            return
        problem = {"title": "There is no such character", "detail": "It was deleted elsewhere.", "code": "not_found"}
        await route.fulfill(status=404, json=problem, headers={"Content-Type": "application/problem+json"})

    await reader.page.route("**/api/v1/characters/*", refuse)
    await reader.open()
    await star(reader, "Zoë Lightkeeper").click()
    await expect(reader.page.get_by_text("It was deleted elsewhere.")).to_be_visible()
    await expect(star(reader, "Zoë Lightkeeper")).to_have_attribute("aria-pressed", "false")
    await reader.looks_right()
    await reader.is_accessible()


async def test_an_offline_gallery_says_so_and_comes_back_by_itself(come: Come) -> None:
    """First its shape, then why there is nothing yet, then the characters; nobody has to reload."""
    reader = await come()
    reader.interrupted = True
    away = True

    async def answer(route: Route) -> None:
        await (route.abort() if away else route.fallback())

    await reader.page.route("**/api/v1/characters", answer)
    await reader.open()
    note = reader.main.get_by_text("The server cannot be reached")
    await expect(note).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    away = False
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await expect(note).to_have_count(0)


async def test_a_hundred_characters_stay_quick(reader: Reader, ask: Asking) -> None:
    """What a letter of a search finds is drawn in the very next frame, and a card that stays is not drawn anew."""
    everybody = (await ask.get("/api/v1/characters"))["characters"]
    template = everybody[0]
    many = [{**template, "id": f"many-{n}", "name": f"Somebody {n}", "favourite": False} for n in range(150)]

    async def answer(route: Route) -> None:
        await route.fulfill(json={"characters": many})

    await reader.page.route("**/api/v1/characters", answer)
    await reader.open()
    await expect(cards(reader)).to_have_count(150)
    drawn = await reader.page.evaluate(
        """async () => {
          const field = document.querySelector("main input[type=search]");
          const cards = () => [...document.querySelectorAll("main article")];
          const drawn = [];
          let before = cards();
          for (const text of ["s", "so", "somebody 1", "somebody 14", "somebody 149", "somebody 14", ""]) {
            field.value = text;
            field.dispatchEvent(new InputEvent("input", { bubbles: true }));
            await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
            const now = cards();
            drawn.push([text, now.length, now.filter((one) => !before.includes(one)).length]);
            before = now;
          }
          return drawn;
        }"""
    )
    assert drawn == [
        ["s", 150, 0],
        ["so", 150, 0],
        ["somebody 1", 69, 0],
        ["somebody 14", 12, 0],
        ["somebody 149", 1, 0],
        ["somebody 14", 12, 11],
        ["", 150, 138],
    ]


async def test_cards_may_be_dropped_on_every_page(reader: Reader, tmp_path: Path) -> None:
    """Also where one reads of a character or looks through the chats: the answer stands on that page."""
    for path, name in (("/chats", "Dina Chats"), ("/characters/new", "Dana Desk")):
        await reader.open(path)
        await expect(reader.page.get_by_role("heading", level=1)).to_be_visible()
        devtools = await reader.page.context.new_cdp_session(reader.page)
        files = saved(tmp_path, dropped_json=json_card(name))
        for step in ("dragEnter", "dragOver", "drop"):
            data = {"items": [], "files": files, "dragOperationsMask": 1}
            await devtools.send("Input.dispatchDragEvent", {"type": step, "x": 400, "y": 300, "data": data})
        await expect(reader.page.get_by_text(f"{name} is in your gallery.")).to_be_visible()
        await reader.looks_right()
        await reader.is_accessible()


async def test_back_leads_to_where_one_was(come: Come) -> None:
    """From elsewhere to the place in the gallery; a link leads to the beginning, as ever."""
    reader = await come(viewport={"width": 360, "height": 600})
    # Nobody is welcomed any more.
    await reader.meet("Mizzle")
    await reader.open()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await reader.main.evaluate("(main) => main.scrollTo(0, 300)")
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    await expect(reader.page.get_by_role("heading", name="Chats", level=1)).to_be_focused()
    await reader.page.go_back()
    await expect(reader.main).to_have_js_property("scrollTop", 300)
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    await expect(reader.page.get_by_role("heading", name="Chats", level=1)).to_be_focused()
    await reader.page.get_by_role("link", name="Characters", exact=True).click()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await expect(reader.main).to_have_js_property("scrollTop", 0)
