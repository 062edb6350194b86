"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first of these that is there is taken: the shell is the same engine, without the browser's own window around the
page, which nobody sees here and which took a third of all the time."""


def chromium_path() -> str:
    """Where Chromium is. Raises RuntimeError that says how to get it."""
    for path in filter(None, map(shutil.which, PROGRAMS)):
        return path
    raise RuntimeError(f"The browser tests need Chromium on the PATH: install it with `apt-get install {PROGRAMS[0]}`.")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running Chromium without a window."""
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()
