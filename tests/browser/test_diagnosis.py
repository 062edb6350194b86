"""Is it me or them? The page asks whom it can, says whose fault it is with its evidence, or that it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import DESK, PHONE
from tests.diagnose.faults import serving, status
from tests.faults import kinds
from tests.faults.proxy import Proxy
from tests.http.installation import Installation, ScriptedBackend

pytestmark = [pytest.mark.anyio, pytest.mark.service_worker]


ELSEWHERE = "0.0.0.0"
"""This machine by a name that a page cannot know to be its own device, and under which no service worker runs."""


Modelless = Callable[..., Installation]


@pytest.fixture
def modelless(tmp_path: Path) -> Iterator[Modelless]:
    """Start a Perdure whose model is away."""
    made: list[Installation] = []

    def start(**settings: object) -> Installation:
        backend = ScriptedBackend()
        backend.close()
        made.append(Installation(tmp_path / "data", backend_url=backend.url, workers=1, **settings))
        made[-1].start()
        return made[-1]

    yield start
    for installation in made:
        installation.close()


def dialog(reader: Reader) -> Locator:
    return reader.page.get_by_role("dialog", name="Is it me or them?")


async def opened_by_palette(reader: Reader) -> None:
    await reader.page.keyboard.press("Control+k")
    await reader.page.get_by_role("combobox", name="Search characters, chats").fill("is it me")
    await reader.page.keyboard.press("Enter")


async def opened_where_it_is_missed(reader: Reader) -> None:
    """From the note on a page that cannot be loaded, whose own script came before."""
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    await reader.main.get_by_role("button", name="Is it me or them?").click()


async def found(reader: Reader, finding: str, *evidence: str) -> None:
    await expect(dialog(reader).get_by_role("status")).to_contain_text(finding)
    for said in evidence:
        await expect(dialog(reader)).to_contain_text(said)


async def again(reader: Reader) -> None:
    await dialog(reader).get_by_role("button", name="Look again").click()


def pardon(reader: Reader) -> None:
    """Chromium remarks that a header means nothing under plain http:// beyond the machine itself; it is right."""
    reader.troubles[:] = [said for said in reader.troubles if "Cross-Origin-Opener-Policy" not in said]


async def ready(reader: Reader) -> None:
    """Wait until the dialog is there for when the server is not."""
    await reader.page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(({name}) => name.includes('/DiagnosisDialog'))"
    )


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_a_page_alone_says_what_it_sees_and_no_more(
    installation: Installation, come: Come, viewport: dict[str, int]
) -> None:
    """All is well; a proxy's page in the server's place; nobody at all, where it may be either; and offline."""
    with Proxy(installation.url) as proxy:
        reader = await come(base=f"http://{ELSEWHERE}:{proxy.url.rpartition(':')[2]}", viewport=viewport)
        reader.interrupted = True
        await reader.open()
        await ready(reader)
        await opened_by_palette(reader)
        await found(reader, "All is well", "It says that it is well (status 200)", "It is ready", "It agrees")
        await reader.looks_right()
        await reader.is_accessible()
        await reader.page.keyboard.press("Escape")
        await expect(dialog(reader)).to_have_count(0)
        proxy.always(kinds.page(502, "Bad Gateway"))
        proxy.hang_up()
        await opened_where_it_is_missed(reader)
        await found(reader, "It is the server", "A proxy answers for it (status 502)")
        await reader.looks_right()
        proxy.always(kinds.portal())
        await again(reader)
        await found(
            reader, "It is your connection", "Something answers that is not this server (status 200)", "sign in"
        )
        proxy.always(kinds.Cut(heard=False))
        await again(reader)
        await found(reader, "It cannot be told from here", "No connection comes about", "Nobody was asked")
        await reader.looks_right()
        await reader.is_accessible()
        await reader.page.context.set_offline(True)
        await again(reader)
        await found(reader, "It is your connection", "This device has no network", "The browser says that it has none")
        await reader.page.context.set_offline(False)
        proxy.always(kinds.PASS)
        await again(reader)
        await found(reader, "All is well")
        pardon(reader)


async def test_a_second_origin_tells_a_lost_network_from_a_lost_server(modelless: Modelless, come: Come) -> None:
    """It is asked where the operator named it, and remembered while the server is away. A model away is told before."""
    async with serving(status(204)) as second:
        own = modelless(second_origin=second.url())
        port = own.url.rpartition(":")[2]
        reader = await come(base=f"http://{ELSEWHERE}:{port}")
        reader.interrupted = True
        await reader.open()
        await ready(reader)
        await reader.page.wait_for_function("() => localStorage.getItem('perdure.second-origin')")
        assert second.asked == [], "nobody is asked before somebody wants to know"
        await opened_by_palette(reader)
        await found(reader, "It is the model", "It does not answer the server", "It answers")
        await reader.page.keyboard.press("Escape")
        own.stop()
        await opened_where_it_is_missed(reader)
        await found(reader, "It is the server", "Your connection works")
        assert set(second.asked) == {"/"}
    await again(reader)
    await found(reader, "It is your connection", "Neither the server nor another place answers")
    pardon(reader)


async def test_on_the_servers_own_device_no_network_is_to_blame(modelless: Modelless, come: Come) -> None:
    """127.0.0.1 needs no network: what does not answer there does not run. The kept app can still ask, in German."""
    own = modelless()
    reader = await come(base=own.url, locale="de-DE")
    reader.interrupted = True
    await reader.open()
    await reader.page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")
    own.stop()
    await reader.page.reload()
    await reader.main.get_by_role("button", name="Liegt es an mir oder am Server?").click()
    shown = reader.page.get_by_role("dialog", name="Liegt es an mir oder am Server?")
    await expect(shown.get_by_role("status")).to_contain_text("Es liegt am Server")
    await expect(shown).to_contain_text("Dazwischen ist kein Netz")
