"""Fixtures for the browser tests: one Chromium, and readers that are checked when the test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext

from tests.browser.chromium import chromium
from tests.browser.reader import Reader, new_context, new_reader
from tests.http.installation import FromNothing, Installation, ScriptedBackend, running

Come = Callable[..., Awaitable[Reader]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages are opened behind everything else, so they are closed and checked before any server ends under them."""
    for item in items:
        if isinstance(item, pytest.Function):
            item.fixturenames.sort(key=lambda name: name in ("come", "reader"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """As everywhere, but for the whole session: the browser outlives each test."""
    return "asyncio"


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure of these tests alone: what others leave behind would stand in its lists. Some of them write hundreds
    of messages into a chat before anybody looks: faster than any person may.
    """
    folder = tmp_path_factory.mktemp("seen") / "data"
    yield from running(FromNothing(folder, backend_url=backend.url, messages_per_minute=0))


@pytest.fixture
def fresh(tmp_path: Path, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure that nobody has ever looked at."""
    yield from running(Installation(tmp_path / "data", backend_url=backend.url, workers=1))


@pytest.fixture(scope="session")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    async with chromium() as running:
        yield running


@pytest.fixture
async def come(browser: Browser, installation: Installation, request: pytest.FixtureRequest) -> AsyncIterator[Come]:
    """Let a person come: `await come()`, to another server with `base=`, as a guest of `context=`, or with options of
    a new context. Each page is checked at the end.

    Without a service worker, as in a private window, but for tests that are marked as being about it: it fetches the
    whole app once more for every new browser.
    """
    workers = "block" if request.node.get_closest_marker("service_worker") is None else "allow"
    readers: list[Reader] = []
    contexts: list[BrowserContext] = []

    async def arrive(*, base: str | None = None, context: BrowserContext | None = None, **options: Any) -> Reader:
        if context is None:
            context = await new_context(browser, **{"service_workers": workers, **options})
            contexts.append(context)
        reader = await new_reader(context, base or installation.url)
        readers.append(reader)
        return reader

    yield arrive
    try:
        for reader in readers:
            await reader.check()
    finally:
        for context in contexts:
            await context.close()


@pytest.fixture
async def reader(come: Come) -> Reader:
    """A person with a page."""
    return await come()
