"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Error, async_playwright

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


class Killable:
    """A Chromium with a profile that it finds again, also after it was killed."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile

    @asynccontextmanager
    async def running(self) -> AsyncIterator[BrowserContext]:
        """The browser, started on the profile as it was left."""
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                self._profile, executable_path=chromium_path(), args=ARGUMENTS, locale="en-GB"
            )
            yield context
            with contextlib.suppress(Error):  # killed
                await context.close()

    def kill(self) -> None:
        """SIGKILL for the browser and all of its processes."""
        for pid in self._pids():
            os.kill(pid, signal.SIGKILL)

    def _pids(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and f"--user-data-dir={self._profile}".encode() in _command_line(entry):
                found.append(int(entry.name))
        return found


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""  # it has ended
