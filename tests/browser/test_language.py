"""German everywhere: no English is left on any page, in no label, and in no title; and it changes at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.http.asking import Asking, asking
from tests.http.installation import Installation

pytestmark = [pytest.mark.anyio, pytest.mark.service_worker]


ENGLISH = r"""(names) => {
  // Words that English cannot do without and German does not have, and what buttons are called.
  const english = new RegExp(
    "\\b(the|and|with|your|you|of|for|this|that|is|are|to|from|it|not|new|search|settings|characters?|delete|edit|" +
    "close|cancel|save|send|back|copy|more|loading|opening|default|unknown|show|hide|add|choose|about|again|" +
    "yesterday|today)\\b", "i");
  // What people and characters have written, what is typed as it stands, what says that it is English, and names.
  const theirs = "[lang='en'], .prose, bdi, code, kbd, [dir='auto'], script, style, noscript, option[lang]";
  const found = [];
  const look = (text, element) => {
    const wrong = english.exec(names.reduce((rest, name) => rest.replaceAll(name, ""), text));
    if (wrong) found.push(`${element.tagName.toLowerCase()}: ${text.trim().slice(0, 80)} (${wrong[0]})`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    if (!node.parentElement.closest(theirs)) look(node.data, node.parentElement);
  }
  for (const element of document.querySelectorAll("body *")) {
    for (const name of ["aria-label", "title", "placeholder", "aria-valuetext"]) {
      // A cut-off name has itself as its tooltip.
      if (!element.hasAttribute(name) || element.closest("[lang='en'], bdi") || element.querySelector("bdi")) continue;
      look(element.getAttribute(name), element);
    }
  }
  look(document.title.replace(" · Perdure", ""), document.documentElement);
  return found;
}"""


NAMES = """async () => {
  const answer = await (await fetch("/api/v1/characters")).json();
  return (answer.characters ?? []).map((character) => character.name);
}"""


async def is_german(page: Page) -> None:
    """Nothing of the page's own is English; what characters are called may be."""
    found = await page.evaluate(ENGLISH, await page.evaluate(NAMES))
    assert not found, found


async def go(reader: Reader, path: str) -> None:
    """Open a page and wait until its heading is there."""
    await reader.open(path)
    await expect(reader.page.locator("h1").first).to_be_visible()
    if "/chats/" not in path:  # whose events never end
        await reader.page.wait_for_load_state("networkidle")


@pytest.mark.thorough
async def test_no_english_is_left_on_any_page(come: Come, fresh: Installation) -> None:
    """A German's browser: the welcome, every page, what lies over it, and a failed reply."""
    reader = await come(locale="de-DE", base=fresh.url)
    async with asking(fresh.url) as ask:
        await all_of_it_is_german(reader, ask)


async def all_of_it_is_german(reader: Reader, ask: Asking) -> None:
    """Go everywhere."""
    reader.interrupted = True
    await reader.open()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Figuren")
    await expect(reader.page.locator("html")).to_have_attribute("lang", "de")
    character = await ask.character()
    for path in (
        "/",
        "/chats",
        f"/characters/{character}",
        f"/characters/{character}/edit",
        "/characters/new",
        "/no/such",
    ):
        await go(reader, path)
        await is_german(reader.page)
    for section in ("models", "replies", "persona", "appearance", "keyboard", "data"):
        await go(reader, f"/settings/{section}")
        await is_german(reader.page)
    await go(reader, "/settings/models")
    await reader.button("Modell verbinden").click()
    await is_german(reader.page)
    await go(reader, "/settings/persona")
    await reader.button("Persona anlegen").click()
    await is_german(reader.page)
    await reader.page.keyboard.press("Escape")
    for key in ("?", "Control+k"):
        await reader.page.keyboard.press(key)
        await expect(reader.page.get_by_role("dialog")).to_be_visible()
        await is_german(reader.page)
        await reader.page.keyboard.press("Escape")
    await go(reader, f"/chats/{await ask.chat()}")
    await is_german(reader.page)
    textarea = reader.page.locator("textarea").last
    for said, state in (("Guten Abend [[tokens=5]]", "done"), ("[[status=400]]", "failed")):
        await textarea.fill(said)
        await textarea.press("Enter")
        await expect(reader.replies.last).to_have_attribute("data-state", state)
        await is_german(reader.page)
    await what_the_server_says_of_failures_is_german(reader)


async def what_the_server_says_of_failures_is_german(reader: Reader) -> None:
    """A message that is not taken, and a name that is refused."""
    refused = {"code": "store_unavailable", "fault": "server", "title": "The record cannot be written just now"}

    async def refuse(route: Route) -> None:
        if route.request.method in ("PUT", "PATCH"):
            await route.fulfill(status=503, json=refused, content_type="application/problem+json")
        else:
            await route.fallback()

    await reader.page.route("**/messages/*", refuse)
    await reader.page.route("**/api/v1/chats/*", refuse)
    textarea = reader.page.locator("textarea").last
    await textarea.fill("Hört ihr mich?")
    await textarea.press("Enter")
    await expect(reader.page.get_by_text("Noch nicht gesendet: Gerade kann nichts gespeichert werden")).to_be_visible()
    await is_german(reader.page)
    await go(reader, "/chats")
    await reader.main.get_by_role("button", name="Was mit dem Gespräch").first.click()
    await reader.page.get_by_role("menuitem", name="Umbenennen").click()
    await reader.button("Speichern").click()
    await expect(reader.page.get_by_role("alert")).to_have_text("Gerade kann nichts gespeichert werden")
    await is_german(reader.page)


async def test_another_language_is_there_at_once(reader: Reader) -> None:
    """Chosen in the settings, without a reload, and kept; dates and numbers go with it."""
    await reader.open("/settings/appearance")
    await reader.page.get_by_label("Language").select_option("Deutsch")
    await expect(reader.main.get_by_role("heading", name="Aussehen", exact=True)).to_be_visible()
    await expect(reader.page.locator("html")).to_have_attribute("lang", "de")
    await reader.open("/settings/replies")
    await expect(reader.main.get_by_text("Vorgabe: 4.096 Token")).to_be_visible()
    await reader.open("/settings/appearance")
    await reader.page.get_by_label("Sprache").select_option("English")
    await expect(reader.main.get_by_role("heading", name="Appearance", exact=True)).to_be_visible()


@dataclass
class Held:
    """The German texts, kept from a page until they are let go."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, route: Route) -> None:
        """Answer the page's request, once it may be answered."""
        self.asked.set()
        await self.let_go.wait()
        await route.fallback()


GERMAN = "**/assets/de-*.js"


async def without_shell(come: Come, **options: str) -> Reader:
    """A person whose browser keeps no texts beforehand, as where Perdure is reached by plain http."""
    reader = await come(**options)
    reader.interrupted = True
    await reader.page.add_init_script("delete Navigator.prototype.serviceWorker")
    return reader


async def test_no_page_is_english_first_and_german_afterwards(come: Come) -> None:
    """Until the German texts are there, the mark of Perdure stands in their place."""
    reader = await without_shell(come, locale="de-DE")
    held = Held()
    await reader.page.route(GERMAN, held)
    await reader.page.goto(reader.base, wait_until="commit")
    await held.asked.wait()
    await expect(reader.page.get_by_alt_text("Perdure")).to_be_visible()
    await expect(reader.page.locator("#app")).to_have_text("")
    held.let_go.set()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Figuren")


async def test_the_last_choice_of_a_language_wins(come: Come) -> None:
    """Also where an earlier one's texts come later."""
    reader = await without_shell(come)
    await reader.open("/settings/appearance")
    held = Held()
    await reader.page.route(GERMAN, held)
    await reader.page.get_by_label("Language").select_option("Deutsch")
    await held.asked.wait()
    await reader.page.get_by_label("Language").select_option("English")
    async with reader.page.expect_request_finished(lambda request: "/assets/de-" in request.url) as finished:
        held.let_go.set()
    late = (await finished.value).url
    # Whoever waits for the same texts is told after those who waited before.
    await reader.page.evaluate("async (url) => { await import(url); await new Promise(requestAnimationFrame); }", late)
    await expect(reader.page.locator("html")).to_have_attribute("lang", "en")
    await expect(reader.main.get_by_role("heading", name="Appearance", exact=True)).to_be_visible()


async def test_a_language_that_cannot_be_had_says_so_and_comes_later(come: Come) -> None:
    """The texts that were there stay until the others come."""
    reader = await without_shell(come)
    await reader.open("/settings/appearance")
    await reader.page.route(GERMAN, lambda route: route.abort())
    await reader.page.get_by_label("Language").select_option("Deutsch")
    await expect(reader.main.get_by_text("Deutsch cannot be fetched just now")).to_be_visible()
    await expect(reader.main.get_by_role("heading", name="Appearance", exact=True)).to_be_visible()
    await reader.page.unroute(GERMAN)
    await expect(reader.main.get_by_role("heading", name="Aussehen", exact=True)).to_be_visible()
    await expect(reader.page.locator("html")).to_have_attribute("lang", "de")


async def test_the_token_page_is_german_too(come: Come, guarded: Installation) -> None:
    """Also before anybody was let in."""
    reader = await come(locale="de-DE", base=guarded.url)
    reader.interrupted = True
    await reader.open()
    await expect(reader.page.get_by_role("heading", name="Dieses Perdure ist privat")).to_be_visible()
    await expect(reader.page).to_have_title("Zugangswort · Perdure")
