"""The status page can be read by anybody, whatever it has to tell: without JavaScript, on a phone, in the dark."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.async_api import Browser, expect

from perdure.http.guard import SECURITY_HEADERS
from perdure.statuspage.site import Site
from tests.browser.reader import Reader
from tests.browser.screens import in_every_look
from tests.http.installation import Installation
from tests.statuspage.reports import NOW, REPORTS

pytestmark = pytest.mark.anyio


Serve = Callable[[str], str]
"""Serves the report of a name; returns where."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server of drawn pages, with the policy that Perdure's own have."""
    drawn: list[Site] = []

    class Served(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = drawn[-1].file(self.path.strip("/"))
            self.send_response(200 if file else 404)
            for name, value in SECURITY_HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Type", file.media_type if file else "text/plain")
            self.end_headers()
            self.wfile.write(file.body if file else b"")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def begin(name: str) -> str:
        drawn.append(Site(REPORTS[name], NOW))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield begin
    server.shutdown()
    server.server_close()
    thread.join()


@in_every_look
@pytest.mark.parametrize("name", REPORTS)
async def test_it_is_legible(browser: Browser, serve: Serve, name: str, viewport: dict[str, int], theme: str) -> None:
    """Nothing is cut off, every text has its contrast, and nothing breaks the page's own policy."""
    context = await browser.new_context(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    reader = Reader(page, serve(name))
    pages = [path for path in Site(REPORTS[name], NOW).paths if path.startswith("status") and "." not in path]
    for path in pages[:4]:
        await page.goto(f"{reader.base}/{path}")
        # What is folded up has to be legible too.
        await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        await reader.looks_right()
        await reader.is_accessible()
    assert [text for text in said if "favicon" not in text and "404" not in text] == []
    await context.close()


async def test_it_needs_no_script(browser: Browser, installation: Installation) -> None:
    """A real one, with JavaScript off: the state, the parts, and the way to an explanation."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{installation.url}/status")
    while await page.get_by_text("Nothing is known yet").count():
        await page.reload()  # it has just been started
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_role("heading", name="The record")).to_be_visible()
    await page.get_by_role("link", name="What each message means, and what helps").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("What went wrong, and what helps")
    await context.close()
