"""Whether typing lags while a reply streams into a long chat, in Chromium.

A chat of `--messages` messages is opened, a reply of one token every 20 ms streams into it, and meanwhile a message is
typed, a key every 60 ms, for `--seconds`. Noted are the page's long tasks (above 50 ms, as the browser's own
`PerformanceObserver` reports them), how long each key took to be shown (Event Timing, in steps of 8 ms), and how many
elements the page holds. Then the reader scrolls up through `--screens` screens, and the long tasks are noted again.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any
from uuid import uuid4

from playwright.async_api import Page

from bench import report
from bench.bystanders import quiet
from bench.servers import Server, perdure, scripted, told
from bench.wire import Connection
from tests.browser.chromium import chromium

KEY_MS = 60
TOKEN_S = 0.02

OBSERVE = """() => {
  window.noted = { long: [], keys: [] };
  const observe = (type, to, more) => new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (to !== "keys" || entry.name === "keydown") window.noted[to].push(entry.duration);
    }
  }).observe({ type, ...more });
  observe("longtask", "long", {});
  observe("event", "keys", { durationThreshold: 16 });
}"""


async def a_long_chat(server: Server, messages: int) -> str:
    """A chat with so many messages; returns its id."""
    chat = str(uuid4())
    async with asyncio.timeout(600):
        connection = await Connection.open(server.port)
        characters = (await connection.ask("GET", "/api/v1/characters")).json()["characters"]
        body = {"character_ids": [characters[0]["id"]]}
        (await connection.ask("PUT", f"/api/v1/chats/{chat}", body)).json()
        for n in range(messages - 1):
            text = f"*It is the {n}th thing that was said.* " + "And it went on, as such things do. " * (n % 5)
            path = f"/api/v1/chats/{chat}/messages/{uuid4()}"
            (await connection.ask("PUT", path, {"text": text, "reply": False})).json()
        connection.close()
    return chat


async def noted(page: Page) -> dict[str, Any]:
    """What was observed since it was last asked for."""
    found: dict[str, Any] = await page.evaluate(
        "() => { const now = window.noted; window.noted = { long: [], keys: [] }; return now; }"
    )
    return found


async def one_round(page: Page, seconds: float, screens: int) -> dict[str, Any]:
    """Type while a reply streams, then scroll."""
    field = page.locator("#composer")
    await page.wait_for_function("() => document.querySelectorAll('article[data-message-id]').length > 20")
    await page.evaluate(OBSERVE)
    await field.fill("Tell me.")
    await field.press("Enter")
    await page.wait_for_function("() => document.querySelector('article[data-state=running] .text')?.textContent")
    await noted(page)
    keys = int(seconds * 1000 / KEY_MS)
    for n in range(keys):
        await page.keyboard.press("abcdefgh "[n % 9])
        await asyncio.sleep(KEY_MS / 1000)
    typing = await noted(page)
    running = await page.locator("article[data-state=running]").count()
    await page.locator(".scroller").hover()
    for _ in range(screens):
        await page.mouse.wheel(0, -700)
        await asyncio.sleep(0.1)
    scrolling = await noted(page)
    elements = await page.evaluate("() => document.querySelectorAll('*').length")
    return {
        "keys": keys,
        "still_streaming": bool(running),
        # Keys that were shown within 16 ms are not reported one by one.
        "slow_keys_ms": report.summary(typing["keys"]),
        "long_tasks_typing_ms": typing["long"],
        "long_tasks_scrolling_ms": scrolling["long"],
        "elements": elements,
    }


async def measure(rounds: int, quiet_s: float, messages: int, seconds: float, screens: int) -> list[dict[str, Any]]:
    """All rounds, each in a page of its own."""
    found = []
    with scripted() as backend:
        await told(backend, int(seconds / TOKEN_S * 2) + 400, TOKEN_S)
        async with (
            perdure("--backend-url", backend.url + "/v1", "--model", "scripted", "--max-tokens", "100000") as server,
            chromium() as browser,
        ):
            for _ in range(rounds):
                report.say("a long chat")
                chat = await a_long_chat(server, messages)
                await quiet(quiet_s)
                page = await browser.new_page(viewport={"width": 1280, "height": 800})
                await page.goto(f"{server.url}/chats/{chat}")
                found.append(await one_round(page, seconds, screens))
                await page.close()
    return found


async def main() -> int:
    """Print a table; the exit status is 1 when a task was longer than 50 ms while somebody typed."""
    given = report.arguments(__doc__, 3, messages=2000.0, seconds=20.0, screens=30.0)
    found = await measure(given.rounds, given.quiet_s, int(given.messages), given.seconds, int(given.screens))
    head = [
        "round",
        "keys",
        "slower than 16 ms",
        "slowest, ms",
        "long tasks typing",
        "long tasks scrolling",
        "elements",
    ]
    rows = [
        [
            n,
            one["keys"],
            one["slow_keys_ms"]["n"],
            one["slow_keys_ms"].get("max", "-"),
            len(one["long_tasks_typing_ms"]),
            len(one["long_tasks_scrolling_ms"]),
            one["elements"],
        ]
        for n, one in enumerate(found, 1)
    ]
    print(report.table(head, rows))
    report.write(given.json, {"rounds": found})
    return int(any(one["long_tasks_typing_ms"] for one in found))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
