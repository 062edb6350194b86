"""A chat of months: older messages come when the reader goes up, and what is being read stays where it is."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.reader import Reader
from tests.http.asking import Asking

pytestmark = pytest.mark.anyio

SAID = 259
"""More than the event stream's snapshot holds (200), so that the last ones are fetched; beside the greeting."""

TO_THE_TOP = """() => {
  const scroller = document.querySelector(".scroller");
  scroller.scrollTop = 0;
  const first = document.querySelector("article[data-message-id]");
  return [first.dataset.messageId, first.getBoundingClientRect().top];
}"""
"""Go to the top; returns the id of the first message and where on the screen it is, before anything is put above it."""

TOP = "(article) => article.getBoundingClientRect().top"


async def long_chat(ask: Asking) -> tuple[str, list[str]]:
    """A chat with many messages, of one to five lines each; returns its id, and their ids, oldest first."""
    chat = await ask.chat()
    for n in range(SAID):
        await ask.said(chat, "\n\n".join(f"number {n}, line {line}" for line in range(1 + n % 5)), reply=False)
    return chat, [message["id"] for message in await ask.messages(chat)]


async def shown(reader: Reader) -> list[Any]:
    """The ids of the messages that are drawn."""
    ids: list[Any] = await reader.messages.evaluate_all("(all) => all.map((one) => one.dataset.messageId)")
    return ids


async def test_older_messages_leave_the_reader_where_they_are(reader: Reader, ask: Asking) -> None:
    """At each coming to the top more is put above it, from memory and then from the server, up to the greeting: in
    order, each once, and the message that was at the top does not move by a pixel."""
    chat, ids = await long_chat(ask)
    await reader.open(f"/chats/{chat}")
    await expect(reader.message(ids[-1])).to_be_in_viewport()
    assert await shown(reader) == ids[-60:]
    await reader.page.evaluate("() => (window.readerScrolls = true)")
    drawn = 60
    while drawn < len(ids):
        first, top = await reader.page.evaluate(TO_THE_TOP)
        await expect(reader.messages).not_to_have_count(drawn)
        assert abs(await reader.message(first).evaluate(TOP) - top) <= 1
        more = await shown(reader)
        assert drawn < len(more)
        assert more == ids[-len(more) :]
        drawn = len(more)
    await expect(reader.button("Show older messages")).to_have_count(0)
    await reader.page.evaluate(TO_THE_TOP)
    await expect(reader.message(ids[0])).to_be_in_viewport()
    await reader.looks_right()


async def test_who_reads_old_messages_is_not_carried_away(reader: Reader, ask: Asking) -> None:
    """A reply that grows below, after older messages were put above: the line that is read stays; a click goes down."""
    chat, ids = await long_chat(ask)
    await reader.open(f"/chats/{chat}")
    await expect(reader.message(ids[-1])).to_be_in_viewport()
    reply_id = await reader.say("and now a long one [[tokens=60 interval=0.02]]")
    await reader.page.evaluate("() => (window.readerScrolls = true)")
    drawn = await reader.messages.count()
    first, top = await reader.page.evaluate(TO_THE_TOP)
    await expect(reader.messages).to_have_count(drawn + 60)
    await reader.page.evaluate("() => (window.readerScrolls = false)")
    await reader.ended(reply_id)
    assert abs(await reader.message(first).evaluate(TOP) - top) <= 1
    await reader.button("To the newest").click()
    await expect(reader.message(reply_id)).to_be_in_viewport()
