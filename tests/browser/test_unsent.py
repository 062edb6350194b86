"""What was written goes out, whatever holds it up: a server that hangs, an expired session, a browser without locks."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.test_access import chatting, enter
from tests.browser.test_outbox import (
    SENDING,
    SILENT,
    note_of_the_past,
    pending,
    puts,
    remembered,
    said,
    settled,
    write,
)
from tests.faults.kinds import PASS, answer
from tests.faults.proxy import Proxy
from tests.http.asking import Asking
from tests.http.installation import Installation

pytestmark = [pytest.mark.anyio, pytest.mark.service_worker]


TEXT = "said in the dark [[tokens=5]]"


async def with_a_reply(come: Come, box: Proxy) -> tuple[Reader, str, str]:
    """Somebody who has read a reply that their browser keeps; the reply's id and its text."""
    reader = await come(base=box.url)
    reader.interrupted = True
    await reader.meet("Mizzle")
    reply_id = await reader.say("remember [[tokens=5 interval=0]]")
    text = await reader.ended(reply_id)
    await remembered(reader, text)
    return reader, reply_id, text


async def test_the_app_opens_while_its_server_hangs(come: Come, installation: Installation, ask: Asking) -> None:
    """Connections are taken and nothing comes: the chat is there all the same, and what is written in it waits."""
    with Proxy(installation.url) as box:
        reader = await come(base=box.url)
        reader.interrupted = True
        await reader.meet("Mizzle")
        await settled(reader)
        await reader.open("/chats")
        await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Chats")
        chat = reader.page.locator(".stage").get_by_role("link", name="Mizzle").first
        path = await chat.get_attribute("href")
        assert path is not None
        box.always(SILENT)
        await reader.open(path)
        await expect(reader.messages).to_have_count(1)
        await reader.field.fill(TEXT)
        await reader.field.press("Enter")
        await expect(pending(reader)).to_contain_text(TEXT)
        box.always(PASS)
        box.hang_up()
        await reader.ended(await reader.reply_at(1))
        assert await said(ask, reader.chat_id) == [TEXT]


async def test_a_chat_of_which_nothing_comes_is_shown_as_it_was_seen_last(
    come: Come, installation: Installation
) -> None:
    """All else is answered: the one question that hangs keeps nobody from reading."""
    with Proxy(installation.url) as box:
        reader, reply_id, text = await with_a_reply(come, box)
        box.always(SILENT, only="/events")
        await reader.page.reload()
        await note_of_the_past(reader)
        assert await reader.text(reply_id) == text
        # The note leaves with what it says, and the page is shorter by it.
        await reader.scrolls()
        box.always(PASS)
        box.hang_up()
        await expect(reader.page.get_by_text("As this browser saw it last:")).to_have_count(0)
        assert await reader.text(reply_id) == text


async def test_a_list_of_which_nothing_comes_is_shown_as_it_was_seen_last(
    come: Come, installation: Installation
) -> None:
    """The list of chats, and from it the way to what is kept of one."""
    with Proxy(installation.url) as box:
        reader, _, text = await with_a_reply(come, box)
        chat = reader.page.locator(f'.stage a[href="/chats/{reader.chat_id}"]')
        await reader.open("/chats")
        await expect(chat).to_be_visible()
        box.always(SILENT, only="GET /api/v1/chats")
        await reader.page.reload()
        await note_of_the_past(reader)
        await chat.click()
        await expect(reader.messages.last).to_contain_text(text)


async def test_an_expired_session_keeps_the_message_until_the_token_is_given(
    come: Come, guarded: Installation, token: str
) -> None:
    """The token is asked for; a reload meanwhile loses nothing; it goes out once, by itself."""
    reader = await chatting(come, guarded, token)
    await reader.page.context.clear_cookies()
    await reader.field.fill(TEXT)
    await reader.field.press("Enter")
    await expect(reader.page.get_by_label("Access token")).to_be_focused()
    await reader.page.reload()
    await enter(reader, token)
    await reader.ended(await reader.reply_at(1))
    await expect(pending(reader)).to_have_count(0)
    await expect(reader.page.get_by_text(TEXT, exact=True)).to_have_count(1)


async def test_of_two_tabs_without_locks_one_sends(come: Come, installation: Installation, ask: Asking) -> None:
    """As on plain http, where browsers have no locks: one tab asks the server for both, and each shows what comes."""
    with Proxy(installation.url) as box:
        one = await come(base=box.url)
        one.interrupted = True
        await one.page.context.add_init_script("delete Navigator.prototype.locks")
        await one.meet("Mizzle")
        two = await come(base=box.url, context=one.page.context)
        two.interrupted = True
        await two.open(f"/chats/{one.chat_id}")
        await expect(two.messages).to_have_count(1)
        box.always(answer(503, Retry_After="1"), only=SENDING)
        await write(one, TEXT)
        await expect(pending(two)).to_contain_text("Not sent yet")
        tried = puts(box)
        box.always(PASS)
        for reader in (one, two):
            await expect(pending(reader)).to_have_count(0)
            await reader.ended(await reader.reply_at(1))
        assert puts(box) == tried + 1
        assert await said(ask, one.chat_id) == [TEXT]
