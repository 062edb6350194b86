"""What survives, as the person at the page sees it: promises 1, 2, 4 and 7 in front of the reader's eyes."""

from __future__ import annotations

import signal

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Come
from tests.browser.reader import TAKEN_OVER, Reader
from tests.http.asking import Asking, reply_to
from tests.http.installation import Installation, eventually

pytestmark = [pytest.mark.anyio, pytest.mark.service_worker]


async def whole(reader: Reader, ask: Asking, reply_id: str, said: str) -> None:
    """Wait for the end of the reply: all of it, shown as it came."""
    await complete(reader, ask, reply_id, said)
    assert await reader.steps(reply_id) > 5


async def complete(reader: Reader, ask: Asking, reply_id: str, said: str) -> None:
    """Wait for the end of the reply: all of it, as the server has it, and as it would have come undisturbed."""
    shown = await reader.ended(reply_id)
    message = (await ask.messages(reader.chat_id))[-1]
    assert message["id"] == reply_id
    assert shown == message["text"] == reply_to(said, message["turn_id"])


async def writer_of(ask: Asking, reader: Reader) -> str:
    """The name of the worker that is at the reply."""
    turn = await ask.turn((await ask.messages(reader.chat_id))[-1]["turn_id"])
    return str(turn["attempts"][-1]["worker"])


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_worker_lost_in_mid_sentence_is_a_quiet_line(
    reader: Reader, ask: Asking, installation: Installation, signum: signal.Signals
) -> None:
    """Killed or frozen: the text only grows, nothing moves, a line says what happened, and the reply comes whole."""
    await reader.meet("Mizzle")
    said = f"a worker gets {signum.name} [[tokens=120 interval=0.05]]"
    reply_id = await reader.say(said)
    before = await reader.reads(reply_id, more_than=60)
    installation.kill(await writer_of(ask, reader), signum)
    await expect(reader.message(reply_id)).to_contain_text(TAKEN_OVER)
    assert (await reader.text(reply_id)).startswith(before)
    await whole(reader, ask, reply_id, said)
    assert await reader.page.get_by_text("Reconnecting…").count() == 0


async def test_a_model_lost_in_mid_sentence_is_a_quiet_line(reader: Reader, ask: Asking) -> None:
    """The connection to the model breaks: the reply goes on as well, and the line blames nobody else (promise 8)."""
    await reader.meet("Miss Vesper")
    said = "the model breaks off [[tokens=60 interval=0.05 cut_after=25 times=1]]"
    reply_id = await reader.say(said)
    await whole(reader, ask, reply_id, said)
    await expect(reader.message(reply_id)).to_contain_text("The model went on after a break")


async def test_who_reads_further_up_is_left_there(reader: Reader, ask: Asking, installation: Installation) -> None:
    """A takeover and a growing reply move nothing for a reader who has scrolled up to read."""
    await reader.meet("Ilka Varro")
    await reader.ended(await reader.say("some text to scroll in [[tokens=400 interval=0]]"))
    said = "a worker dies below [[tokens=150 interval=0.05]]"
    reply_id = await reader.say(said)
    await reader.reads(reply_id, more_than=20)
    scroller = reader.page.locator(".scroller")
    await reader.page.evaluate("() => (window.readerScrolls = true)")
    await scroller.hover()
    await reader.page.mouse.wheel(0, -400)
    await expect(reader.button("To the newest")).to_be_visible()
    place = await scroller.evaluate("(element) => element.scrollTop")
    await reader.page.evaluate("() => (window.readerScrolls = false)")
    installation.kill(await writer_of(ask, reader))
    await whole(reader, ask, reply_id, said)
    assert await scroller.evaluate("(element) => element.scrollTop") == place
    await reader.button("To the newest").click()
    await expect(reader.message(reply_id)).to_be_in_viewport()


async def test_web_lost_in_mid_sentence_resumes(reader: Reader, ask: Asking, installation: Installation) -> None:
    """The page comes back by itself to the very place: no gap, no repeat, and the worker never noticed.

    The reply is longer than any restart of web takes, and is stopped once the page reads on.
    """
    reader.interrupted = True
    await reader.meet("Philomena")
    said = "web dies [[tokens=500 interval=0.04]]"
    reply_id = await reader.say(said)
    await reader.reads(reply_id, more_than=60)
    pid = installation.kill("web")
    eventually(lambda: installation.pid("web") not in (None, pid))
    written = len((await ask.messages(reader.chat_id))[-1]["text"])
    await reader.reads(reply_id, more_than=written + 20)
    await expect(reader.reconnecting).to_have_count(0)
    await reader.button("Stop").click()
    shown = await reader.ended(reply_id, "stopped")
    message = (await ask.messages(reader.chat_id))[-1]
    assert shown == message["text"]
    assert reply_to(said, message["turn_id"]).startswith(shown)
    assert TAKEN_OVER not in "".join((await reader.seen())["notes"])


async def test_what_is_sent_to_a_frozen_web_arrives_once(
    reader: Reader, ask: Asking, installation: Installation
) -> None:
    """The supervisor replaces the frozen process; the page, left without an answer, sends the same message again."""
    reader.interrupted = True
    await reader.meet("Ansgar Tolle")
    installation.kill("web", signal.SIGSTOP)
    said = "into the cold [[tokens=60 interval=0.05]]"
    reply_id = await reader.say(said)
    await whole(reader, ask, reply_id, said)
    assert [m["text"] for m in await ask.messages(reader.chat_id)].count(said) == 1
    await expect(reader.messages).to_have_count(3)


async def test_an_answer_that_is_lost_repeats_no_message(reader: Reader, ask: Asking) -> None:
    """Promise 7: the message was accepted and its answer lost; the page sends it again, and it counts once."""
    reader.interrupted = True
    # The service worker may send in the page's place, and what it sends is not the page's to be lost.
    await reader.page.add_init_script("delete Navigator.prototype.serviceWorker")
    await reader.meet("Tove Ransel")
    sent: list[str] = []

    async def lose_the_first_answer(route: Route) -> None:
        if route.request.method != "PUT":
            await route.continue_()
            return
        sent.append(route.request.url)
        if len(sent) == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await reader.page.route("**/messages/*", lose_the_first_answer)
    said = "said once [[tokens=60 interval=0.05]]"
    reply_id = await reader.say(said)
    await whole(reader, ask, reply_id, said)
    await expect(reader.page.get_by_text("Not sent yet")).to_have_count(0)
    assert len(sent) == 2
    assert len(set(sent)) == 1
    assert [m["text"] for m in await ask.messages(reader.chat_id)].count(said) == 1
    await expect(reader.messages).to_have_count(3)


async def test_everything_dies_and_the_open_page_goes_on(come: Come, ask: Asking, installation: Installation) -> None:
    """All processes are killed and started again on the same port: pages wait, say so, and read on. What was written
    meanwhile is kept, even by a page that is loaded anew, and arrives once."""
    reader, other = await come(), await come()
    reader.interrupted = other.interrupted = True
    await other.meet("Mizzle")
    await reader.meet("Sir Corvin Ell")
    said, meanwhile = "the power fails [[tokens=80 interval=0.05]]", "while it is dark [[tokens=60 interval=0.05]]"
    reply_id = await reader.say(said)
    await reader.reads(reply_id, more_than=60)
    installation.kill_everything()
    await expect(reader.reconnecting).to_be_visible()
    await other.page.route("**/messages/*", lambda route: route.abort())
    await other.field.fill(meanwhile)
    await other.field.press("Enter")
    await expect(other.page.get_by_text("Not sent yet")).to_be_visible()
    await expect(other.field).to_have_value("")
    installation.start()
    await other.page.reload()
    await expect(other.messages).to_have_count(2)
    await expect(other.page.get_by_text("Not sent yet")).to_be_visible()
    await other.page.unroute_all()
    await whole(reader, ask, reply_id, said)
    await expect(reader.reconnecting).to_have_count(0)
    # Its page may have found its stream again only behind the reply.
    await complete(other, ask, await other.reply_at(1), meanwhile)
    await expect(other.page.get_by_text("Not sent yet")).to_have_count(0)
    await expect(other.messages).to_have_count(3)
    assert [m["text"] for m in await ask.messages(other.chat_id)].count(meanwhile) == 1
    # The page can be talked with as before.
    again = "again [[tokens=40 interval=0.05]]"
    await whole(reader, ask, await reader.say(again), again)
