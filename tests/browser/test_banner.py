"""What the page says of the model: what is missing and what to do, for as long as it is so, and without a reload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.http.installation import ScriptedBackend
from tests.process.conversing import Mortal, look_again

pytestmark = pytest.mark.anyio

Own = Callable[..., Mortal]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    """Start a Perdure with one worker and a model of its own."""
    made: list[Mortal] = []

    def start(**settings: object) -> Mortal:
        made.append(Mortal(tmp_path / "data", workers=1, **settings))
        made[-1].start()
        return made[-1]

    yield start
    for installation in made:
        installation.close()
        assert "Traceback" not in installation.log()


def banner(reader: Reader) -> Locator:
    """What stands above all pages as long as there is no model that answers."""
    return reader.page.get_by_role("status").filter(has_text="model")


async def test_a_model_that_is_away_is_told_until_it_is_back(own: Own, come: Come) -> None:
    """At the start and in the middle of a chat: where it should be and what to do; the reply waits and is written."""
    backend = ScriptedBackend()
    port = int(backend.url.removesuffix("/v1").rpartition(":")[2])
    backend.close()
    reader = await come(base=own(backend_url=backend.url).url)
    await reader.open()
    await expect(banner(reader)).to_contain_text("The model is away.")
    await expect(banner(reader)).to_contain_text(f"127.0.0.1:{port}")
    await expect(banner(reader)).to_contain_text("Start the model's server")
    await reader.looks_right()
    await reader.meet("Mizzle")
    for n in range(2):
        reply_id = await reader.say(f"are you there? {n} [[tokens=5]]")
        await expect(banner(reader)).to_contain_text("The model is away.")
        backend = ScriptedBackend(port)
        try:
            await reader.ended(reply_id)
            await expect(banner(reader)).to_have_count(0)
        finally:
            backend.close()


@pytest.mark.thorough
async def test_a_model_that_is_missing_is_told_until_it_is_there(
    own: Own, come: Come, tmp_path: Path, starter: Path
) -> None:
    """The embedded model has no file: the page names it, and says no more once the file is there and loaded."""
    gguf = tmp_path / "poet.gguf"
    small = {"threads": 1, "context_size": 512, "max_tokens": 8}
    installation = own(backend_url="", model="", gguf=gguf, **small)
    reader = await come(base=installation.url)
    await reader.open()
    await expect(banner(reader)).to_contain_text("There is no model yet.")
    await expect(banner(reader)).to_contain_text("poet.gguf does not exist")
    await expect(banner(reader)).to_contain_text("--gguf")
    await reader.looks_right()
    await reader.meet("Mizzle")
    reply_id = await reader.say("Who are you?")
    gguf.symlink_to(starter)
    look_again(installation)
    assert await reader.ended(reply_id)
    await expect(banner(reader)).to_have_count(0)


async def test_a_model_on_its_way_is_told(reader: Reader) -> None:
    """How far its download is, then that it loads, then how good it is, which is said until the reader has read it."""
    backend: dict[str, Any] = {"state": "fetching", "starter": True}
    backend["progress"] = {"done_bytes": 24_500_000, "total_bytes": 98_000_000}

    async def told(route: Route) -> None:
        answer = await route.fetch()
        status = await answer.json()
        await route.fulfill(response=answer, json={**status, "backend": {**status["backend"], **backend}})

    await reader.page.route("**/api/v1/status", told)
    await reader.open()
    await expect(banner(reader)).to_contain_text("The starter model is being fetched.")
    await expect(banner(reader)).to_contain_text("25 of 98 MB, 25 %")
    bar = reader.page.get_by_role("progressbar", name="Fetching the model")
    await expect(bar).to_have_js_property("position", 0.25)
    await reader.looks_right()
    backend.update(state="loading", progress=None)
    await expect(banner(reader)).to_contain_text("The model is loading.")
    await expect(bar).to_have_count(0)
    backend.update(state="ready")
    await expect(banner(reader)).to_have_count(0)
    note = reader.page.get_by_text("The starter model is small")
    await expect(note).to_be_visible()
    await reader.looks_right()
    await reader.button("Got it").click()
    await expect(note).to_have_count(0)
    await reader.page.reload()
    await expect(reader.button("Chat with Mizzle")).to_be_visible()
    await reader.page.wait_for_function("() => performance.getEntriesByName(location.origin + '/api/v1/status').length")
    await expect(note).to_have_count(0)
