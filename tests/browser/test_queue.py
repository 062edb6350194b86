"""The next message, written while a reply runs: it waits in sight, can be changed or withdrawn, and goes out once."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.http.asking import Asking
from tests.http.installation import Installation, eventually

pytestmark = pytest.mark.anyio

LONG = "a long story [[tokens=160 interval=0.04]]"
ENDLESS = "a story without end [[tokens=5000 interval=0.04]]"


def waiting(reader: Reader) -> Locator:
    """The messages that wait."""
    return reader.page.locator('article[data-state="pending"]')


async def queue(reader: Reader, *texts: str) -> None:
    """Write messages that have to wait."""
    for n, text in enumerate(texts, await waiting(reader).count() + 1):
        await reader.field.fill(text)
        await reader.button("Send when the reply ends").click()
        await expect(waiting(reader)).to_have_count(n)


async def press(reader: Reader, name: str) -> None:
    """Press a button of the last waiting message, which is carried down by the reply above: by the keyboard, since a
    mouse would have the page scrolled to it."""
    await waiting(reader).last.get_by_role("button", name=name).press("Enter")


async def arrived(reader: Reader, ask: Asking, *said: str, first: str = "done") -> None:
    """Wait until all of that was said and answered, in that order and once each, on the page and in truth; `first` is
    how the first reply ended."""
    await expect(reader.messages).to_have_count(1 + 2 * len(said))
    await expect(waiting(reader)).to_have_count(0)
    await reader.ended(await reader.reply_at(len(said)))
    branch = await ask.messages(reader.chat_id)
    assert [m["text"] for m in branch if m["role"] == "user"] == list(said)
    assert [m["state"] for m in branch] == ["done", "done", first] + ["done"] * (len(branch) - 3)


async def test_messages_wait_for_the_reply_and_go_in_order(reader: Reader, ask: Asking) -> None:
    """One after the other, each once the reply before it has ended; a reload in between loses none and doubles none."""
    await reader.meet("Mizzle")
    await reader.reads(await reader.say(LONG), more_than=10)
    await queue(reader, "second [[tokens=5]]", "third [[tokens=5]]")
    await expect(waiting(reader).first).to_contain_text("Will be sent when the reply ends.")
    await reader.is_accessible()
    await reader.looks_right()
    assert len(await ask.messages(reader.chat_id)) == 3
    await reader.page.reload()
    await expect(waiting(reader)).to_have_count(2)
    await arrived(reader, ask, LONG, "second [[tokens=5]]", "third [[tokens=5]]")


async def test_a_waiting_message_is_changed_and_another_withdrawn(reader: Reader, ask: Asking) -> None:
    """What is being changed does not go before that is over, even when the reply has ended
    meanwhile and the page was loaded anew."""
    await reader.meet("Mizzle")
    reply_id = await reader.say(LONG)
    await queue(reader, "not so good [[tokens=5]]", "never mind")
    await press(reader, "Withdraw")
    await expect(waiting(reader)).to_have_count(1)
    await reader.button("Undo").click()
    await expect(reader.field).to_have_value("never mind")
    await press(reader, "Edit")
    await reader.page.get_by_label("Edit the message").fill("much better [[tokens=5]]")
    await reader.page.reload()
    await expect(reader.page.get_by_label("Edit the message")).to_have_value("much better [[tokens=5]]")
    await reader.ended(reply_id)
    await expect(waiting(reader)).to_have_count(1)
    await reader.button("Save").click()
    await arrived(reader, ask, LONG, "much better [[tokens=5]]")


async def test_a_waiting_message_stays_with_the_reply_that_it_waits_for(reader: Reader, ask: Asking) -> None:
    """Whoever looks at another version meanwhile, even over a reload, does not send it there."""
    await reader.meet("Mizzle")
    stopped = await reader.say(LONG)
    await reader.reads(stopped, more_than=10)
    await reader.button("Stop").click()
    await reader.ended(stopped, "stopped")
    await reader.acts()
    await reader.field.press("ArrowRight")
    await expect(reader.message(stopped)).to_have_count(0)
    running = await reader.reply_at(1)
    await queue(reader, "after that [[tokens=5]]")
    await reader.field.press("ArrowLeft")
    await expect(reader.message(stopped)).to_be_visible()
    await expect(waiting(reader)).to_have_count(0)
    await reader.page.reload()
    await reader.acts()
    await expect(reader.message(stopped)).to_be_visible()
    await expect(waiting(reader)).to_have_count(0)
    assert (await ask.messages(reader.chat_id))[-1]["id"] == stopped
    await reader.field.press("ArrowRight")
    await reader.ended(running)
    await reader.ended(await reader.reply_at(2))
    branch = await ask.messages(reader.chat_id)
    assert [m["id"] for m in branch][2] == running
    assert branch[3]["text"] == "after that [[tokens=5]]"


async def test_a_waiting_message_goes_behind_the_next_try_of_a_reply_that_failed(reader: Reader, ask: Asking) -> None:
    """It is seen all the while, and sent once."""
    await reader.meet("Mizzle")
    failed = await reader.say("no [[tokens=120 interval=0.04 error_event=60 code=invalid_api_key times=1]]")
    await queue(reader, "and then [[tokens=5]]")
    await reader.ended(failed, "failed")
    await reader.acts()
    await reader.choose(failed, "Another reply")
    await expect(reader.message(failed)).to_have_count(0)
    await expect(waiting(reader)).to_have_count(1)
    await reader.ended(await reader.reply_at(2))
    branch = await ask.messages(reader.chat_id)
    assert [m["state"] for m in branch] == ["done"] * 5
    assert branch[3]["text"] == "and then [[tokens=5]]"


async def test_a_stop_lets_the_next_message_go(reader: Reader, ask: Asking) -> None:
    """Who stops a reply wants to go on; the stopped part stays."""
    await reader.meet("Mizzle")
    reply_id = await reader.say(ENDLESS)
    await reader.reads(reply_id, more_than=10)
    await queue(reader, "enough [[tokens=5]]")
    await reader.button("Stop").click()
    await reader.ended(await reader.reply_at(2))
    assert [m["state"] for m in await ask.messages(reader.chat_id)] == ["done", "done", "stopped", "done", "done"]


async def test_a_failure_keeps_the_next_message_back_until_it_is_told_to_go(reader: Reader, ask: Asking) -> None:
    """A model that fails is not sent more by itself; the person decides."""
    await reader.meet("Mizzle")
    reply_id = await reader.say("no [[tokens=160 interval=0.04 error_event=120 code=invalid_api_key times=1]]")
    await queue(reader, "and yet [[tokens=5]]")
    await reader.ended(reply_id, "failed")
    await expect(waiting(reader)).to_contain_text("Not sent, because the reply failed.")
    await reader.button("Send now").click()
    await reader.ended(await reader.reply_at(2))
    assert [m["role"] for m in await ask.messages(reader.chat_id)][-2:] == ["user", "character"]


async def test_a_waiting_message_outlives_a_worker_and_web(
    reader: Reader, ask: Asking, installation: Installation
) -> None:
    """Both are killed while it waits: the reply is taken over, the message goes out once, at its end (promise 7)."""
    reader.interrupted = True
    await reader.meet("Mizzle")
    await reader.reads(await reader.say(LONG), more_than=10)
    await queue(reader, "still here [[tokens=5]]")
    turn = await ask.turn((await ask.messages(reader.chat_id))[-1]["turn_id"])
    installation.kill(turn["attempts"][-1]["worker"])
    pid = installation.kill("web")
    eventually(lambda: installation.pid("web") not in (None, pid))
    await arrived(reader, ask, LONG, "still here [[tokens=5]]")


async def test_two_tabs_send_a_waiting_message_once(come: Come, ask: Asking) -> None:
    """Both have it, both let it go at once: it counts once; and what one withdraws the other does not send."""
    one = await come()
    await one.meet("Mizzle")
    await one.reads(await one.say(ENDLESS), more_than=10)
    await queue(one, "from both [[tokens=5]]", "from neither")
    two = await come(context=one.page.context)
    await two.open(f"/chats/{one.chat_id}")
    await expect(waiting(two)).to_have_count(2)
    await two.scrolls()
    await one.acts()
    await press(one, "Withdraw")
    for reader in (one, two):
        await expect(waiting(reader)).to_have_count(1)
    await one.acts(False)
    await one.button("Stop").click()
    for reader in (one, two):
        await arrived(reader, ask, ENDLESS, "from both [[tokens=5]]", first="stopped")


async def test_the_tab_tells_of_a_reply_that_came_while_nobody_looked(reader: Reader) -> None:
    """A subtle mark while it runs, a dot once it waits, nothing once it was seen; and it is there, whole."""
    await reader.meet("Mizzle")
    reply_id = await reader.say("in the background [[tokens=30 interval=0.04]]")
    await expect(reader.page).to_have_title("… Mizzle · Perdure")
    look = """(state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    await reader.page.evaluate(look, "hidden")
    await expect(reader.page).to_have_title("● Mizzle · Perdure")
    await reader.ended(reply_id)
    await reader.page.evaluate(look, "visible")
    await expect(reader.page).to_have_title("Mizzle · Perdure")


async def test_the_length_is_told_before_it_is_too_much(reader: Reader) -> None:
    """A hundred thousand characters; more cannot be sent, and nothing that was written is cut."""
    await reader.meet("Mizzle")
    # The field grows, and the messages make room for it.
    await reader.scrolls()
    await reader.field.fill("x" * 95_000)
    await expect(reader.page.get_by_text("95,000 of 100,000 characters")).to_be_visible()
    await reader.field.fill("x" * 100_001)
    await expect(reader.page.get_by_text("1 characters too long to be sent.")).to_be_visible()
    await expect(reader.button("Send")).to_be_disabled()
    await reader.field.press("Enter")
    await expect(reader.messages).to_have_count(1)
