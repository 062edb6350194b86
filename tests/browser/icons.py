"""Draws the icons of the installed app from the mark, `ui/public/favicon.svg`: `python -m tests.browser.icons`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Browser

from tests.browser.chromium import chromium

PUBLIC = Path(__file__).parents[2] / "ui" / "public"
PAPER = "#faf7f2"

ICONS = (
    # name, side in pixels, the mark's share of it, ground
    ("icon-192", 192, 1.0, "transparent"),
    ("icon-512", 512, 1.0, "transparent"),
    # A launcher cuts this one to its own shape; four fifths across are always seen.
    ("icon-maskable-512", 512, 0.58, PAPER),
    ("apple-touch-icon", 180, 0.72, PAPER),
)


async def draw(browser: Browser, name: str, side: int, share: float, ground: str) -> None:
    """One icon, as Chromium sees the mark in the light."""
    page = await browser.new_page(viewport={"width": side, "height": side}, color_scheme="light")
    mark = (PUBLIC / "favicon.svg").read_text().replace("<svg ", f'<svg width="{side * share}" ', 1)
    style = f"display: grid; place-items: center; height: 100vh; margin: 0; background: {ground}"
    await page.set_content(f'<body style="{style}">{mark}</body>')
    await page.screenshot(path=PUBLIC / f"{name}.png", omit_background=True)
    await page.close()


async def main() -> None:
    """All of them."""
    async with chromium() as browser:
        for icon in ICONS:
            await draw(browser, *icon)


if __name__ == "__main__":
    asyncio.run(main())
