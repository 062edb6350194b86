"""With the server away the app opens and says so; with it back, it goes on; and it is never a stale one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import DESK, PHONE
from tests.http.installation import Installation, ScriptedBackend

pytestmark = [pytest.mark.anyio, pytest.mark.service_worker]


KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
  }
  return found;
}"""
"""The paths of everything that the browser keeps for the app."""


CLEARED = """async () => {
  const names = await caches.keys();
  return names.length === 2 && !names.includes("perdure-shell-of-yesterday");
}"""
"""Whether yesterday's shell is gone, and what belongs to others is not."""


@pytest.fixture
def own(tmp_path: Path, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure that may go away."""
    installation = Installation(tmp_path / "data", backend_url=backend.url, workers=1)
    installation.start()
    yield installation
    installation.close()


async def settled(reader: Reader) -> None:
    """Wait until the shell is kept and has taken charge of the page."""
    await reader.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    await reader.page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_the_app_opens_while_its_server_is_away(own: Installation, come: Come, viewport: dict[str, int]) -> None:
    """Reloaded without a server: the app is there, says calmly what is and as of when, and goes on by itself."""
    reader = await come(base=own.url, viewport=viewport)
    reader.interrupted = True
    await reader.open()
    await settled(reader)
    own.stop()
    await reader.page.reload()
    note = reader.main.get_by_text("The server cannot be reached")
    await expect(note).to_be_visible()
    await expect(note).to_contain_text("As this browser saw it last:")
    await expect(reader.button("Try now")).to_be_visible()
    await reader.looks_right()
    await reader.is_accessible()
    # A page that nobody has opened before is there too, under its own address.
    await reader.open("/settings/keyboard")
    await expect(reader.page.get_by_role("heading", name="Keyboard", exact=True)).to_be_visible()
    await reader.page.get_by_role("link", name="Characters", exact=True).click()
    await expect(note).to_be_visible()
    own.start()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await expect(note).to_have_count(0)


async def test_the_page_is_the_servers_while_there_is_a_server(own: Installation, come: Come) -> None:
    """What is kept of the page is never shown in the place of what the server has: no update is missed."""
    reader = await come(base=own.url)
    await reader.open()
    await settled(reader)
    changed = await reader.page.evaluate("""async () => {
      const names = await caches.keys();
      for (const name of names) {
        const headers = { "Content-Type": "text/html" };
        await (await caches.open(name)).put("/", new Response("an old page", { headers }));
      }
      return names.length;
    }""")
    assert changed == 1
    await reader.page.reload()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()


async def test_what_is_kept_of_the_record_is_kept_where_it_is_meant_to_be(own: Installation, come: Come) -> None:
    """The browser's caches hold the program alone. What was looked at is in its database, until that is cleared."""
    reader = await come(base=own.url)
    await reader.open()
    await settled(reader)
    await reader.meet("Mizzle")
    await reader.ended(await reader.say("nobody else needs to know [[tokens=5]]"))
    chat_id = reader.chat_id
    await reader.open("/chats")
    await expect(reader.main.get_by_role("article")).to_have_count(1)
    kept = await reader.page.evaluate(KEPT)
    assert "/" in kept
    assert [
        path for path in kept if not path.startswith("/assets/") and path not in ("/", "/appearance.js", "/favicon.svg")
    ] == []
    pages = await reader.kept("pages")
    assert set(pages) == {"characters", "chats", f"chat/{chat_id}", f"messages/{chat_id}"}
    await reader.open("/settings/data")
    await expect(reader.page.get_by_text("to be read without the server")).to_be_visible()
    await reader.is_accessible()
    await reader.looks_right()
    await reader.button("Clear what is there to read").click()
    await expect(reader.page.get_by_text("Cleared.")).to_be_visible()
    assert await reader.kept("pages") == {}


async def test_shells_of_earlier_versions_are_cleared_away(own: Installation, come: Come) -> None:
    """A new worker leaves one shell: its own. What belongs to others stays."""
    reader = await come(base=own.url)
    await reader.open()
    await settled(reader)
    await reader.page.evaluate("""async () => {
      await (await caches.open("perdure-shell-of-yesterday")).put("/assets/old.js", new Response("old"));
      await (await caches.open("another")).put("/x", new Response("x"));
      await (await navigator.serviceWorker.ready).unregister();
    }""")
    await reader.page.reload()
    await reader.until(lambda: reader.page.evaluate(CLEARED))
    await settled(reader)
