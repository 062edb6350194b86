"""The way of a first conversation: choose, talk, stop, go on, try again."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.http.asking import Asking, new_id, reply_to

pytestmark = pytest.mark.anyio


async def shown_is_true(reader: Reader, ask: Asking, reply_id: str, said: str) -> None:
    """The page, the server and the script agree on the whole reply."""
    message = (await ask.messages(reader.chat_id))[-1]
    assert message["id"] == reply_id
    assert await reader.text(reply_id) == message["text"] == reply_to(said, message["turn_id"])


async def test_from_the_gallery_to_a_whole_reply(reader: Reader, ask: Asking) -> None:
    """A click on a character opens a chat with its greeting; what is said is answered, word by word, and in full."""
    await reader.open()
    await expect(reader.page.locator("article h2")).not_to_have_count(0)
    for name in ("Mizzle", "Philomena", "Ansgar Tolle", "Ilka Varro", "Sir Corvin Ell"):
        await expect(reader.button(f"Chat with {name}")).to_be_visible()
    await reader.meet("Mizzle")
    await expect(reader.messages.first).to_contain_text("a little damp under the kitchen lamp")
    said = "hello [[tokens=30 interval=0.05]]"
    reply_id = await reader.say(said)
    await reader.ended(reply_id)
    await shown_is_true(reader, ask, reply_id, said)
    assert await reader.steps(reply_id) > 5, "it was shown as it came, not at its end"
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    newest = (await ask.get("/api/v1/chats"))["chats"][0]
    await expect(reader.page.locator(f'a[href="/chats/{newest["id"]}"]')).to_be_visible()


async def test_two_tabs_show_the_same(come: Come, ask: Asking) -> None:
    """Two tabs of one browser, and a second browser: whoever writes, all of them show the same, live."""
    one = await come()
    two, other = await come(context=one.page.context), await come()
    chat = await one.meet("Philomena")
    for reader in (two, other):
        await reader.open(f"/chats/{chat}")
        await expect(reader.messages).to_have_count(1)
    for writer, said in ((one, "from one [[tokens=40 interval=0.05]]"), (two, "from two [[tokens=40 interval=0.05]]")):
        reply_id = await writer.say(said)
        for reader in (one, two, other):
            await reader.ended(reply_id)
            await shown_is_true(reader, ask, reply_id, said)
            assert await reader.steps(reply_id) > 3
    assert [await r.messages.all_text_contents() for r in (two, other)] == [await one.messages.all_text_contents()] * 2


async def test_a_reload_in_mid_reply_goes_on(reader: Reader, ask: Asking) -> None:
    """What was read before is there at once, and the rest follows."""
    await reader.meet("Tove Ransel")
    said = "reload [[tokens=90 interval=0.05]]"
    reply_id = await reader.say(said)
    before = await reader.reads(reply_id, more_than=20)
    await reader.page.reload()
    await expect(reader.message(reply_id)).to_have_attribute("data-state", "running")
    assert (await reader.reads(reply_id, more_than=len(before))).startswith(before)
    await reader.ended(reply_id)
    await shown_is_true(reader, ask, reply_id, said)


async def test_stop_keeps_what_was_read_and_continue_goes_on(reader: Reader, ask: Asking) -> None:
    """Promise 5: a stop is final and keeps the partial text; Continue adds to it and repeats nothing."""
    await reader.meet("Miss Vesper")
    said = "much [[tokens=60 interval=0.04]]"
    reply_id = await reader.say(said)
    await reader.reads(reply_id, more_than=12)
    await reader.button("Stop").click()
    stopped = await reader.ended(reply_id, "stopped")
    message = (await ask.messages(reader.chat_id))[-1]
    assert (message["state"], message["text"]) == ("stopped", stopped)
    assert 12 < len(stopped) < len(reply_to(said, message["turn_id"]))
    await expect(reader.message(reply_id)).to_contain_text("Stopped.")
    await reader.button("Continue").click()
    await expect(reader.replies.nth(1)).not_to_have_attribute("data-message-id", reply_id)
    whole = await reader.ended(await reader.reply_at(1))
    message = (await ask.messages(reader.chat_id))[-1]
    # Its turn is another, so that the script says other words, behind what is there.
    assert whole == message["text"] == stopped + reply_to(said, message["turn_id"])


async def test_a_failed_turn_says_why_and_can_be_tried_again(reader: Reader, ask: Asking) -> None:
    """Promises 6 and 8: a sentence in place of the reply, a button below it, and nothing that was there is lost."""
    await reader.meet("Ansgar Tolle")
    reply_id = await reader.say('no [[tokens=9 status=400 times=1 message="no thanks"]]')
    await reader.ended(reply_id, "failed")
    error = (await ask.messages(reader.chat_id))[-1]["error"]
    failed = reader.message(reply_id)
    for member in ("title", "detail", "remedy"):
        await expect(failed).to_contain_text(error[member])
    await expect(reader.field).to_be_enabled()
    await reader.button("Try again").click()
    again = reader.page.locator('article.character[data-state="done"]').nth(1)
    await expect(again.locator(".text")).not_to_be_empty()
    branch = await ask.messages(reader.chat_id)
    assert [m["state"] for m in branch] == ["done"] * 3
    assert await again.locator(".text").text_content() == branch[-1]["text"] != ""
    assert branch[-1]["id"] != reply_id


async def test_who_one_is_in_a_chat_is_seen_as_it_opens(reader: Reader, ask: Asking) -> None:
    """What one said stands under the persona's name and face, and the dialog shows who that is."""
    persona, chat = new_id(), new_id()
    await ask("PUT", f"/api/v1/personas/{persona}", json={"name": "Runa"})
    picture = (files("perdure") / "cast" / "mizzle.png").read_bytes()
    await ask("PUT", f"/api/v1/personas/{persona}/avatar", data=picture, headers={"Content-Type": "image/png"})
    await ask("PUT", f"/api/v1/chats/{chat}", json={"character_ids": [await ask.character()], "persona_id": persona})
    await ask.told(chat, "It is me. [[tokens=3]]")
    await reader.open(f"/chats/{chat}")
    header = reader.page.locator("article.user header")
    await expect(header).to_have_text("Runa")
    await expect(header.locator("img")).to_have_attribute("src", re.compile(persona))
    await reader.button("This chat").click()
    await reader.page.get_by_role("menuitem", name="Who you are here…").click()
    await expect(reader.page.get_by_role("radio", name="Runa")).to_be_checked()
    await ask("DELETE", f"/api/v1/personas/{persona}")
