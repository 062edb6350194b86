"""Writing with an input method: while it composes, the Enter key is its own."""

from __future__ import annotations

import re

import anyio
import pytest
from playwright.async_api import Route, expect

from tests.browser.reader import Reader

pytestmark = pytest.mark.anyio

NOTE_KEYS = """(field) => {
  window.keys = [];
  field.form.addEventListener("keydown", (event) => {
    window.keys.push([event.key, event.keyCode, event.isComposing, event.defaultPrevented]);
  });
}"""
"""Note each key that the field has heard, and whether the page has taken it for itself."""


async def test_enter_while_composing_does_not_send(reader: Reader) -> None:
    """Enter takes a suggestion of the input method; only the next one, when nothing is composed, sends the message."""
    await reader.meet("Mizzle")
    devtools = await reader.page.context.new_cdp_session(reader.page)
    await reader.field.focus()
    await devtools.send("Input.imeSetComposition", {"text": "こんにち", "selectionStart": 4, "selectionEnd": 4})
    await expect(reader.field).to_have_value("こんにち")
    await reader.field.evaluate(NOTE_KEYS)
    # The input method's own Enter makes no text, so it is sent without any. The code is 229 on most systems.
    for code in (13, 229):
        enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": code}
        await devtools.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
        await devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    # Safari ends the composition before it reports the key, with the code that says whose it was.
    await reader.field.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True, "cancelable": True})
    untouched = [["Enter", 13, True, False], ["Enter", 229, True, False], ["Enter", 229, False, False]]
    assert await reader.page.evaluate("() => window.keys") == untouched
    await devtools.send("Input.insertText", {"text": "こんにちは [[tokens=3]]"})
    await expect(reader.field).to_have_value("こんにちは [[tokens=3]]")
    await expect(reader.messages).to_have_count(1)
    await reader.field.press("Enter")
    await reader.ended(await reader.reply_at(1))
    await expect(reader.messages).to_have_count(3)
    await expect(reader.messages.nth(1).locator(".text")).to_have_text("こんにちは [[tokens=3]]")
    await expect(reader.field).to_have_value("")


async def test_shift_and_enter_break_the_line(reader: Reader) -> None:
    """And the field grows with what is written."""
    await reader.meet("Mizzle")
    low = await reader.field.evaluate("(field) => field.offsetHeight")
    await reader.field.press_sequentially("one")
    for _ in range(3):
        await reader.field.press("Shift+Enter")
    await reader.field.press_sequentially("two [[tokens=3]]")
    await expect(reader.field).to_have_value("one\n\n\ntwo [[tokens=3]]")
    assert await reader.field.evaluate("(field) => field.offsetHeight") > low
    await expect(reader.messages).to_have_count(1)
    await reader.field.press("Enter")
    await reader.ended(await reader.reply_at(1))
    await expect(reader.messages).to_have_count(3)


async def test_what_was_sent_is_not_written_again_by_an_answer_that_comes_late(reader: Reader) -> None:
    """The server was asked for the draft before the message went, and answers with it after: it stays sent."""
    await reader.meet("Mizzle")
    async with reader.page.expect_response(lambda answer: answer.url.endswith("/draft")):
        await reader.field.fill("only once [[tokens=3]]")
    answered, wanted = anyio.Event(), anyio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        assert (await answer.json())["draft"] == "only once [[tokens=3]]"
        answered.set()
        await wanted.wait()
        await route.fulfill(response=answer)

    asked = re.compile(r"/api/v1/chats/[^/?]+$")
    await reader.page.route(asked, late, times=1)
    await reader.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    await answered.wait()
    async with reader.page.expect_response(lambda answer: answer.url.endswith("/draft")):
        await reader.field.press("Enter")
    await reader.ended(await reader.reply_at(1))
    async with reader.page.expect_event("requestfinished", lambda request: asked.search(request.url) is not None):
        wanted.set()
    await reader.page.evaluate("() => new Promise((done) => setTimeout(done))")
    assert await reader.field.input_value() == ""
