"""A chat of months: only what is near the reader stands in the page, and what is being read stays where it is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.http.asking import Asking

pytestmark = pytest.mark.anyio

SAID = 299
"""More than the event stream's snapshot holds (200), so that the first ones are fetched; beside the greeting."""

MOST = 120
"""Messages that may stand in the page at once, with one step of those that have just come."""

TOP = "(article) => article.getBoundingClientRect().top"

VISIBLE = """() => {
  const box = document.querySelector(".scroller").getBoundingClientRect();
  for (const one of document.querySelectorAll("article[data-message-id]")) {
    const { top, bottom } = one.getBoundingClientRect();
    if (bottom > box.top) return [one.dataset.messageId, top];
  }
}"""
"""The first message that the reader can see, and where on the screen it is."""

SCROLL = """async (by) => {
  const scroller = document.querySelector(".scroller");
  scroller.scrollTop += by;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return [scroller.scrollTop, scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop];
}"""
"""Scroll by so much; returns how much is left in both directions once the page has been drawn."""


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


async def travel(reader: Reader, ids: list[str], by: int, last: str) -> set[str]:
    """Scroll until a message comes into view, and look at each step; returns all that were seen on the way."""
    seen: set[str] = set()
    for _ in range(1500):
        drawn = await shown(reader)
        assert len(drawn) <= MOST
        start = ids.index(drawn[0])
        assert drawn == ids[start : start + len(drawn)], "a piece of the chat without a gap"
        first, top = await reader.page.evaluate(VISIBLE)
        seen |= set(drawn)
        if await in_view(reader.message(last)):
            return seen
        await reader.page.evaluate(SCROLL, by)
        if await reader.message(first).count() and by < 0:
            now = await reader.message(first).evaluate(TOP)
            assert now >= top - 1, "what was being read is not carried the other way"
    raise AssertionError("the message never came into view")


async def in_view(message: Locator) -> bool:
    """Whether some of it is on the screen."""
    if not await message.count():
        return False
    return bool(
        await message.evaluate(
            "(one) => one.getBoundingClientRect().bottom > 0 && one.getBoundingClientRect().top < innerHeight"
        )
    )


async def test_all_of_it_is_reached_in_both_directions(reader: Reader, ask: Asking) -> None:
    """Up to the greeting and down again: in order, each message once, and never many in the page."""
    chat, ids = await long_chat(ask)
    await reader.open(f"/chats/{chat}")
    await expect(reader.message(ids[-1])).to_be_in_viewport()
    await reader.scrolls()
    assert await travel(reader, ids, -600, ids[0]) == set(ids)
    await reader.looks_right()
    assert await travel(reader, ids, 600, ids[-1]) >= set(ids[-200:])
    await expect(reader.button("To the newest")).to_have_count(0)


async def test_older_messages_leave_the_reader_where_they_are(reader: Reader, ask: Asking) -> None:
    """At the very top more is put above, from memory and from the server; what was read does not move by a pixel."""
    chat, ids = await long_chat(ask)
    await reader.open(f"/chats/{chat}")
    await expect(reader.message(ids[-1])).to_be_in_viewport()
    await reader.scrolls()
    for _ in range(4):
        before = await shown(reader)
        await reader.page.evaluate("() => { document.querySelector('.scroller').scrollTop = 0 }")
        first, top = await reader.page.evaluate(VISIBLE)
        await reader.page.wait_for_function(
            "(first) => document.querySelector('article[data-message-id]').dataset.messageId !== first", arg=before[0]
        )
        if await reader.message(first).count():
            assert abs(await reader.message(first).evaluate(TOP) - top) <= 1


async def test_who_reads_old_messages_is_not_carried_away(reader: Reader, ask: Asking) -> None:
    """A reply that grows below, far from what is drawn: the line that is read stays; one press leads to the reply."""
    chat, ids = await long_chat(ask)
    await reader.open(f"/chats/{chat}")
    await expect(reader.message(ids[-1])).to_be_in_viewport()
    reply_id = await reader.say("and now a long one [[tokens=120 interval=0.05]]")
    await reader.scrolls()
    await travel(reader, [*ids, *(await shown(reader))[-2:]], -500, ids[200])
    await reader.scrolls(False)
    first, top = await reader.page.evaluate(VISIBLE)
    turn = (await ask.messages(chat))[-1]["turn_id"]
    await ask.ended(turn)
    assert abs(await reader.message(first).evaluate(TOP) - top) <= 1
    await reader.scrolls()
    await reader.button("To the newest").click()
    await expect(reader.message(reply_id)).to_be_in_viewport()
    await expect(reader.message(ids[200])).to_have_count(0)


@pytest.mark.parametrize("place", [0, 1, 150, -2])
async def test_a_link_leads_to_its_message(reader: Reader, ask: Asking, place: int) -> None:
    """In its place, however far from the end, before the reader's eyes; from there one reads on in both directions."""
    chat, ids = await long_chat(ask)
    await reader.open(f"/chats/{chat}?message={ids[place]}")
    await expect(reader.message(ids[place])).to_be_in_viewport()
    await expect(reader.message(ids[place])).to_contain_class("pointed")
    await reader.scrolls()
    await travel(reader, ids, 900, ids[-1])
    await reader.ended(await reader.say("and on [[tokens=5]]"))


async def test_a_link_to_another_branch_shows_that_branch(come: Come, ask: Asking) -> None:
    """The message was edited, and the chat went on without it: its link brings back the branch that it is on."""
    chat = await ask.chat()
    old = await ask.said(chat, "the old way [[tokens=4]]")
    await ask.ended(old["turn"]["id"])
    new = await ask.said(chat, "the new way [[tokens=4]]", beside=old["message"]["id"])
    await ask.ended(new["turn"]["id"])
    reader = await come()
    # The server says first that the message is not on the branch that is shown.
    reader.interrupted = True
    await reader.open(f"/chats/{chat}?message={old['message']['id']}")
    await expect(reader.message(old["message"]["id"])).to_be_in_viewport()
    await expect(reader.message(new["message"]["id"])).to_have_count(0)
    await expect(reader.replies).to_have_count(2)
    assert old["message"]["id"] in [message["id"] for message in await ask.messages(chat)]


async def test_the_menu_copies_a_link_that_opens(come: Come, ask: Asking) -> None:
    """What "Copy link" has copied is an address that leads back to the message."""
    reader = await come(permissions=["clipboard-read", "clipboard-write"])
    await reader.meet("Mizzle")
    reply_id = await reader.say("link me [[tokens=4]]")
    await reader.ended(reply_id)
    await reader.choose(reply_id, "Copy link")
    await expect(reader.page.get_by_text("Link copied.")).to_be_visible()
    link = await reader.page.evaluate("() => navigator.clipboard.readText()")
    await reader.page.goto(link)
    await expect(reader.message(reply_id)).to_contain_class("pointed")


async def test_back_leads_to_where_one_read(reader: Reader, ask: Asking) -> None:
    """Also where that is so far up that it has to be fetched again; and at the end one is at the end again."""
    chat, ids = await long_chat(ask)
    await reader.open(f"/chats/{chat}?message={ids[40]}")
    await expect(reader.message(ids[40])).to_be_in_viewport()
    await reader.scrolls()
    await reader.page.evaluate(SCROLL, 333)
    was = await reader.page.evaluate(VISIBLE)
    await reader.page.get_by_role("link", name="Settings").click()
    await expect(reader.page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    await reader.page.go_back()
    await reader.scrolls()
    await expect(reader.message(was[0])).to_be_in_viewport()
    await expect(reader.message(was[0])).not_to_have_class(re.compile("pointed"))
    assert await reader.page.evaluate(VISIBLE) == [was[0], pytest.approx(was[1], abs=2)]
    await reader.button("To the newest").click()
    await expect(reader.message(ids[-1])).to_be_in_viewport()
    await reader.page.go_forward()
    await expect(reader.page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    await reader.page.go_back()
    await expect(reader.message(ids[-1])).to_be_in_viewport()
