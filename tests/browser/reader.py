"""A person at a page of Perdure: what they do, what they see, and whether the page ever misbehaved meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.http.installation import DEADLINE_S

RECORDER = Path(__file__).with_name("recorder.js")
LOOKS = Path(__file__).with_name("looks.js").read_text()
AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
DEADLINE_MS = DEADLINE_S * 1000
TAKEN_OVER = "Another worker picked this up"

expect.set_options(timeout=DEADLINE_MS)

UNANSWERED = ("Failed to load resource", "An unknown error occurred when fetching the script")
"""How the browser itself reports a request that fails, its own for the service worker among them."""

KEPT = """(shelf) => new Promise((resolve) => {
  const opening = indexedDB.open("perdure");
  opening.onsuccess = () => {
    const store = opening.result.transaction(shelf).objectStore(shelf);
    const keys = store.getAllKeys();
    const things = store.getAll();
    things.onsuccess = () => {
      opening.result.close();
      resolve(keys.result.map((key, n) => [key, things.result[n]]));
    };
  };
})"""

NO_WORKER = "Service Worker registration blocked by Playwright"


@dataclass(slots=True)
class Reader:
    """A person with a page open. Nothing that they see may ever be taken back."""

    page: Page
    base: str
    interrupted: bool = False
    """Whether requests may fail: the test breaks the connection or provokes a refusal."""
    troubles: list[str] = field(default_factory=list)
    """Errors and warnings of the page's own, and of the browser about it."""

    async def open(self, path: str = "/") -> None:
        """Go to a page of Perdure by its address."""
        await self.page.goto(self.base + path)

    async def meet(self, name: str) -> str:
        """Choose a character in the gallery; returns the new chat's id, once its greeting is shown."""
        await self.open()
        await self.page.get_by_role("button", name=f"Chat with {name}", exact=True).click()
        await expect(self.messages).to_have_count(1)
        return self.chat_id

    async def say(self, text: str) -> str:
        """Write a message and send it by Enter; returns the reply's id, once there is a place for it."""
        await expect(self.messages).not_to_have_count(0)
        replies = await self.replies.count()
        await self.field.fill(text)
        await self.field.press("Enter")
        return await self.reply_at(replies)

    async def reply_at(self, index: int) -> str:
        """The id of the character's message at that place, once it is shown."""
        reply_id = await self.replies.nth(index).get_attribute("data-message-id")
        assert reply_id is not None
        return reply_id

    def message(self, message_id: str) -> Locator:
        """The message with that id."""
        return self.page.locator(f'article[data-message-id="{message_id}"]')

    async def text(self, message_id: str) -> str:
        """What is shown of the message's text."""
        return await self.message(message_id).locator(".text").text_content() or ""

    async def reads(self, message_id: str, more_than: int = 0) -> str:
        """Wait until more than so many characters of a message are shown; returns what is."""
        await self.page.wait_for_function(
            "([id, length]) => "
            "document.querySelector(`article[data-message-id='${id}'] .text`)?.textContent.length > length",
            arg=[message_id, more_than],
        )
        return await self.text(message_id)

    async def kept(self, shelf: str) -> dict[str, Any]:
        """What the browser keeps on that shelf of its database, by its key."""
        return dict(await self.page.evaluate(KEPT, shelf))

    async def until(self, condition: Callable[[], Awaitable[object]]) -> None:
        """Wait until that is true. Playwright's own `wait_for_function` takes any promise of the page for true."""
        with anyio.fail_after(DEADLINE_S):
            while not await condition():
                await self.page.evaluate("() => new Promise(requestAnimationFrame)")

    async def ended(self, message_id: str, state: str = "done") -> str:
        """Wait until the reply has ended in that state; returns the text that is shown."""
        await expect(self.message(message_id)).to_have_attribute("data-state", state)
        return await self.text(message_id)

    async def seen(self) -> dict[str, Any]:
        """What the recorder has noted since the page was loaded."""
        noted: dict[str, Any] = await self.page.evaluate("() => window.seen")
        return noted

    async def steps(self, message_id: str) -> int:
        """In how many steps the message grew before the reader's eyes. Fails if anything was ever taken back."""
        noted = await self.seen()
        assert noted["faults"] == [], noted["faults"]
        return len(noted["samples"][message_id])

    async def looks_right(self) -> None:
        """Nothing is cut off, and everything is legible."""
        faults = await self.page.evaluate(LOOKS)
        assert faults == [], faults

    async def settled(self) -> None:
        """Wait until whatever fades in or changes its colour has done so."""
        await self.page.evaluate(
            "() => Promise.all(document.getAnimations()"
            ".filter((one) => one.effect.getComputedTiming().endTime !== Infinity)"
            ".map((one) => one.finished.catch(() => 0)))"
        )

    async def is_accessible(self) -> None:
        """axe finds nothing against WCAG 2.2 AA and its own best practices, as the page stands now."""
        await self.settled()
        # Evaluated by the debugger, which the page's policy does not bind.
        await self.page.evaluate(AXE.read_text())
        violations = await self.page.evaluate(
            "async () => (await axe.run()).violations.map(v => [v.id, v.help, v.nodes.map(n => n.html.slice(0, 200))])"
        )
        assert violations == [], violations

    async def check(self) -> None:
        """Whatever the test did: no error of the page's own, no breach of its policy, nothing taken back."""
        noted = await self.seen()
        wrong = noted["faults"] + noted["violations"] + self.troubles
        assert wrong == [], wrong

    @property
    def chat_id(self) -> str:
        """The chat that is open."""
        return self.page.url.rpartition("/chats/")[2].partition("?")[0]

    @property
    def main(self) -> Locator:
        """The page itself, without the places beside it that can be gone to."""
        return self.page.get_by_role("main")

    @property
    def field(self) -> Locator:
        """Where the person writes."""
        return self.page.get_by_label("Your message")

    @property
    def messages(self) -> Locator:
        """All messages of the page."""
        return self.page.locator("article[data-message-id]")

    @property
    def replies(self) -> Locator:
        """The messages of characters."""
        return self.page.locator("article.character")

    async def acts(self, acting: bool = True) -> None:
        """Tell the recorder whether the reader asks for something else to be shown: another version, another branch.
        What has come by now belongs to it, and is painted before it is over."""
        await self.page.evaluate(
            """async (acting) => {
                if (!acting) for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
                window.readerActs = acting;
            }""",
            acting,
        )

    async def scrolls(self, scrolling: bool = True) -> None:
        """Tell the recorder whether the reader moves what they see."""
        await self.page.evaluate("(scrolling) => (window.readerScrolls = scrolling)", scrolling)

    async def refused(self, url: str, title: str) -> None:
        """Have the next call of that address be refused for good, with that title of the problem."""
        self.interrupted = True
        await self.page.route(url, lambda route: route.fulfill(status=409, json=problem(title)), times=1)

    async def choose(self, message_id: str, name: str) -> None:
        """Choose what to do with a message from its menu."""
        message = self.message(message_id)
        await message.get_by_role("button", name="What to do with this message").click()
        await message.get_by_role("menuitem", name=name, exact=True).click()

    @property
    def reconnecting(self) -> Locator:
        """The quiet word about a lost connection."""
        return self.page.get_by_text("Reconnecting…")

    def button(self, name: str) -> Locator:
        """A button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)


def problem(title: str) -> dict[str, str]:
    """What a refusal says. No catalogue knows its code, so a page repeats its title."""
    return {"code": "made_up", "title": title}


async def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser profile of its own, with the recorder in each of its pages."""
    context = await browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(DEADLINE_MS)
    await context.add_init_script(path=RECORDER)
    return context


async def new_reader(context: BrowserContext, base: str) -> Reader:
    """A person with an empty page."""
    reader = Reader(await context.new_page(), base)

    def noted(message: ConsoleMessage) -> None:
        if message.text == NO_WORKER:
            return
        if message.type in ("error", "warning") and not (reader.interrupted and message.text.startswith(UNANSWERED)):
            reader.troubles.append(f"{message.type}: {message.text} ({message.location['url']})")

    reader.page.on("console", noted)
    reader.page.on("pageerror", lambda error: reader.troubles.append(f"uncaught: {error}"))
    return reader
