"""A chat of years: 100,000 messages. It opens, is read at any place, and goes on as one of ten does."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.async_api import expect

from perdure.core.ancestry import Placed, place_below
from perdure.core.records import Message, Role
from perdure.engine import intake
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore
from tests.browser.conftest import Come
from tests.browser.test_long_chat import MOST, SCROLL, VISIBLE, shown
from tests.engine.doubles import LocalBell
from tests.http.asking import asking
from tests.http.installation import Installation

pytestmark = [pytest.mark.anyio, pytest.mark.thorough]

MANY = 100_000


async def grown(installation: Installation, chat_id: str) -> list[str]:
    """Have the chat hold so many messages, as if they had been said; returns their ids, oldest first."""

    def grow(records: Records) -> list[str]:
        chat = intake.chat_of(records, chat_id)
        assert chat.head_id is not None
        greeting = records.messages.get(chat.head_id)
        assert greeting is not None
        last: Placed = greeting
        nodes = {last.id: last}
        said: list[Message] = []
        for n in range(1, MANY):
            depth, jump_id = place_below(last, nodes.__getitem__)
            role, author, name = (Role.USER, None, "You") if n % 2 else (Role.CHARACTER, greeting.author, "Mizzle")
            text = "\n\n".join(f"number {n}, line {line}" for line in range(1 + n % 3))
            place = (last.id, role, author, name, text, chat.created_at + n)
            said.append(Message(str(uuid4()), chat_id, *place, depth=depth, jump_id=jump_id))
            last = nodes[said[-1].id] = said[-1]
        records.messages.add(said)
        records.chats.move_head(chat_id, last.id, chat.created_at + MANY)
        return [greeting.id, *(message.id for message in said)]

    store = SqliteStore(installation.data_dir / "perdure.db", LocalBell(mute=True))
    try:
        return await store.write(grow)
    finally:
        await store.close()


async def test_a_hundred_thousand_messages_are_as_easy_to_read_as_ten(come: Come, fresh: Installation) -> None:
    """The newest at once, the first by its link, the middle in both directions, and a reply at the end; never more in
    the page than what is near the reader."""
    async with asking(fresh.url) as ask:
        chat = await ask.chat()
        ids = await grown(fresh, chat)
    reader = await come(base=fresh.url)
    await reader.open(f"/chats/{chat}")
    await expect(reader.message(ids[-1])).to_be_in_viewport()
    await reader.field.fill("still there? [[tokens=30 interval=0.02]]")
    await reader.field.press("Enter")
    # As many are drawn as before: what went up made room for what came.
    said = reader.page.locator("article.user").filter(has_text="still there?")
    await expect(said).to_have_attribute("data-state", "done")
    reply_id = await reader.reply_at(await reader.replies.count() - 1)
    await reader.ended(reply_id)
    await expect(reader.message(reply_id)).to_be_in_viewport()

    await reader.open(f"/chats/{chat}?message={ids[0]}")
    await expect(reader.message(ids[0])).to_be_in_viewport()
    await expect(reader.message(ids[1])).to_contain_text("number 1, line 1")

    middle = MANY // 2
    await reader.open(f"/chats/{chat}?message={ids[middle]}")
    await expect(reader.message(ids[middle])).to_be_in_viewport()
    await reader.scrolls()
    for by in (-700, 700):
        reached = middle
        while abs(reached - middle) < 2 * MOST:
            drawn = await shown(reader)
            assert len(drawn) <= MOST
            start = ids.index(drawn[0])
            assert drawn == ids[start : start + len(drawn)], "a piece of the chat without a gap"
            await reader.page.evaluate(SCROLL, by)
            first, _ = await reader.page.evaluate(VISIBLE)
            reached = ids.index(first)
    await reader.button("To the newest").click()
    await expect(reader.message(reply_id)).to_be_in_viewport()
    await expect(reader.message(ids[middle])).to_have_count(0)
    assert len(await shown(reader)) <= MOST
