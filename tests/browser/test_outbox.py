"""What one writes is never lost, waits in sight, and goes out once; and a server that struggles is left in peace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.browser.chromium import Killable
from tests.browser.conftest import Come
from tests.browser.reader import Reader, new_reader
from tests.browser.screens import in_every_look
from tests.faults.kinds import PASS, Reset, Stall, answer
from tests.faults.proxy import Proxy
from tests.http.asking import Asking
from tests.http.installation import Installation

pytestmark = [pytest.mark.anyio, pytest.mark.service_worker]

HOUR_S = 3600

AT_ONCE_OR_NEVER = """
  const later = window.setTimeout;
  window.setTimeout = (work, ms, ...rest) => (ms === 1500 ? 0 : later(work, ms, ...rest));
"""
"""What changes in a chat is kept after a while: in this page that never is."""

BUSY_ONCE_SENT = """() => {
  const ask = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await ask(...asked);
    if (asked[1]?.method === "PUT" && String(asked[0]).includes("/messages/")) {
      const until = performance.now() + 1000;
      while (performance.now() < until) { /* everything that comes meanwhile is read together */ }
    }
    return answer;
  };
}"""
"""Keeps the page busy from the moment that the server has a message until its short reply is over."""

TROUBLES = """
  window.troubles = 0;
  new MutationObserver(() => (window.troubles += document.querySelectorAll("main .problem").length))
    .observe(document, { subtree: true, childList: true });
"""

BUSY = answer(503, Retry_After=str(HOUR_S))
UNHEARD = Reset(heard=False)
SILENT = Stall(heard=False)
UNANSWERED = Stall()
SENDING = "/messages/"


@pytest.fixture
def box(installation: Installation) -> Iterator[Proxy]:
    """What stands before the server."""
    with Proxy(installation.url) as proxy:
        yield proxy


@pytest.fixture
async def distant(come: Come, box: Proxy) -> Reader:
    """A person who reaches the server through it, in a browser that has the whole app already."""
    reader = await come(base=box.url)
    reader.interrupted = True
    await reader.open()
    await settled(reader)
    return reader


async def settled(reader: Reader) -> None:
    """Wait until the shell is kept and has taken charge of the page."""
    await reader.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    await reader.page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")


async def remembered(reader: Reader, text: str) -> None:
    """Wait until what was just read is kept in the browser, a moment after it is seen."""

    async def there() -> bool:
        # The branches: the list of chats has the beginnings of replies too.
        branches = [page["value"] for key, page in (await reader.kept("pages")).items() if key.startswith("messages/")]
        return any(text in message["text"] for branch in branches for message in branch["messages"])

    await reader.until(there)


async def listed(reader: Reader) -> bool:
    """Whether both lists are kept."""
    return {"characters", "chats"} <= (await reader.kept("pages")).keys()


async def drafted(reader: Reader, chat_id: str, text: str) -> bool:
    """Whether that is written down of what is typed in that chat: moments later, not at the very key."""
    return bool((await reader.kept("drafts")).get(chat_id, {}).get("text") == text)


def pending(reader: Reader) -> Locator:
    """The messages that are not sent yet."""
    return reader.page.locator('article[data-state="pending"]')


async def write(reader: Reader, text: str) -> None:
    """Write a message that cannot go out now, and wait until it is kept."""
    await reader.field.fill(text)
    await reader.field.press("Enter")
    await expect(pending(reader).last).to_contain_text("Not sent yet")


async def note_of_the_past(reader: Reader) -> None:
    """The page shows what was kept, and says so."""
    await expect(reader.page.get_by_text("As this browser saw it last:")).to_be_visible()


async def said(ask: Asking, chat_id: str) -> list[str]:
    """What the person has said, as the server has it."""
    return [message["text"] for message in await ask.messages(chat_id) if message["role"] == "user"]


def puts(box: Proxy) -> int:
    """How often a message was sent."""
    return sum(one.method == "PUT" and SENDING in one.path for one in box.asked)


def total(box: Proxy) -> int:
    """How often the server was asked for anything; the browser itself looks after its service worker now and then."""
    return box.count() - box.count("/sw.js")


async def test_ten_presses_and_many_reloads_ask_no_more_than_one_press(
    distant: Reader, box: Proxy, ask: Asking
) -> None:
    """The server says that it is busy, and for how long: from then on it is left in peace, whoever presses what."""
    await distant.meet("Mizzle")
    chat_id = distant.chat_id
    box.always(BUSY)
    await write(distant, "one press [[tokens=5]]")
    await distant.page.reload()
    await expect(pending(distant)).to_contain_text("Not sent yet")
    before = total(box)
    for _ in range(15):
        await distant.page.reload()
        await expect(pending(distant)).to_contain_text("Not sent yet")
    assert total(box) == before, box.counts()
    again = pending(distant).get_by_role("button", name="Send now")
    for _ in range(10):
        await again.dispatch_event("click")
    await expect(again).to_be_disabled()
    await distant.page.reload()
    await expect(pending(distant)).to_contain_text("Not sent yet")
    assert total(box) == before, box.counts()
    assert await said(ask, chat_id) == []


async def test_what_waits_is_sent_from_any_page_and_once_by_however_many_tabs(
    distant: Reader, come: Come, box: Proxy, ask: Asking
) -> None:
    """Its chat need not be open: it goes out by itself once the server answers; and three tabs send it once."""
    await distant.meet("Mizzle")
    chat_id = distant.chat_id
    box.always(UNHEARD)
    await write(distant, "from elsewhere [[tokens=5]]")
    others = [await come(base=box.url, context=distant.page.context) for _ in range(2)]
    for reader, path in zip(others, ("/chats", "/settings/keyboard"), strict=True):
        reader.interrupted = True
        await reader.open(path)
    await expect(others[0].main.get_by_text("One message waits to be sent")).to_be_attached()
    await others[0].looks_right()
    await others[0].is_accessible()
    await expect(distant.page).to_have_title("◷ Mizzle · Perdure")
    await distant.page.goto("about:blank")
    before = puts(box)
    box.always(PASS)
    await expect(others[0].main.get_by_text("One message waits to be sent")).to_have_count(0)
    assert puts(box) == before + 1
    assert await said(ask, chat_id) == ["from elsewhere [[tokens=5]]"]


async def test_what_waits_can_be_changed_and_withdrawn_while_it_is_tried(
    distant: Reader, box: Proxy, ask: Asking
) -> None:
    """It says why and until when it waits; changed, it does not go before that is over; withdrawn, it never does."""
    await distant.meet("Mizzle")
    chat_id = distant.chat_id
    box.always(BUSY, only=SENDING)
    await write(distant, "not so good [[tokens=5]]")
    await expect(pending(distant)).to_contain_text("The server is not ready just now")
    await expect(pending(distant)).to_contain_text("Next try in")
    await distant.is_accessible()
    await distant.looks_right()
    await pending(distant).get_by_role("button", name="Edit").click()
    box.always(PASS)
    await distant.page.get_by_label("Edit the message").fill("much better [[tokens=5]]")
    await distant.page.reload()
    await expect(distant.page.get_by_label("Edit the message")).to_have_value("much better [[tokens=5]]")
    # What is saved, withdrawn and sent leaves with its lines, one after the other, and the page is shorter by them.
    await distant.scrolls()
    await distant.button("Save").click()
    box.always(BUSY, only=SENDING)
    await expect(pending(distant)).to_contain_text("much better")
    await distant.field.fill("never mind")
    await distant.field.press("Enter")
    await pending(distant).last.get_by_role("button", name="Withdraw").click()
    await expect(pending(distant)).to_have_count(1)
    box.always(PASS)
    await distant.button("Send now").click()
    await distant.ended(await distant.reply_at(1))
    await expect(pending(distant)).to_have_count(0)
    assert await said(ask, chat_id) == ["much better [[tokens=5]]"]


async def test_a_browser_without_a_network_keeps_what_is_written(distant: Reader, ask: Asking) -> None:
    """Offline, the chat is there and one writes in it; online, what was written goes out, in order."""
    await distant.meet("Mizzle")
    chat_id = distant.chat_id
    await distant.page.context.set_offline(True)
    await write(distant, "first [[tokens=5]]")
    await distant.field.fill("second [[tokens=5]]")
    await distant.field.press("Enter")
    await distant.page.reload()
    await expect(pending(distant)).to_have_count(2)
    await note_of_the_past(distant)
    await distant.page.context.set_offline(False)
    await distant.ended(await distant.reply_at(2))
    assert await said(ask, chat_id) == ["first [[tokens=5]]", "second [[tokens=5]]"]
    await expect(distant.page.get_by_text("As this browser saw it last:")).to_have_count(0)


async def test_a_reload_in_the_middle_of_sending_repeats_nothing(distant: Reader, box: Proxy, ask: Asking) -> None:
    """The message has arrived, its answer has not, and the page is loaded anew: sent again or not, it counts once."""
    await distant.meet("Mizzle")
    chat_id = distant.chat_id
    box.always(UNANSWERED, only=SENDING)
    await distant.field.fill("said once [[tokens=5]]")
    await distant.field.press("Enter")
    while not await said(ask, chat_id):
        await expect(distant.messages).not_to_have_count(0)
    box.always(PASS)
    before = puts(box)
    await distant.page.reload()
    await distant.ended(await distant.reply_at(1))
    await expect(pending(distant)).to_have_count(0)
    assert puts(box) <= before + 1, "once more, unless the record has told of it before"
    assert await said(ask, chat_id) == ["said once [[tokens=5]]"]


async def test_what_the_server_will_never_take_stays_in_sight(distant: Reader, box: Proxy, ask: Asking) -> None:
    """Refused for good, it says why; its text goes back to where one writes, and nothing is sent twice."""
    await distant.meet("Mizzle")
    box.always(answer(422, '{"code": "made_up", "title": "Made up"}', "application/json"), only=SENDING)
    await distant.field.fill("not like this [[tokens=5]]")
    await distant.field.press("Enter")
    await expect(pending(distant)).to_contain_text("Not sent: Made up.")
    await distant.page.reload()
    await expect(pending(distant)).to_contain_text("Not sent: Made up.")
    await distant.is_accessible()
    await distant.looks_right()
    assert puts(box) == 1
    box.always(PASS)
    await distant.button("Back into the field").click()
    await expect(pending(distant)).to_have_count(0)
    await expect(distant.field).to_have_value("not like this [[tokens=5]]")
    await distant.field.press("Enter")
    await distant.ended(await distant.reply_at(1))
    assert await said(ask, distant.chat_id) == ["not like this [[tokens=5]]"]


async def test_a_browser_that_keeps_nothing_says_so(come: Come, box: Proxy, ask: Asking) -> None:
    """Its storage refused, the page works from memory, and warns before what is not sent yet goes with it."""
    reader = await come(base=box.url)
    reader.interrupted = True
    await reader.page.add_init_script(
        "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('denied', 'SecurityError'); } })"
    )
    await reader.meet("Mizzle")
    box.always(UNHEARD)
    await write(reader, "for now [[tokens=5]]")
    await expect(pending(reader)).to_contain_text("This browser keeps nothing: leave this page open until it is sent.")
    box.always(PASS)
    await reader.ended(await reader.reply_at(1))
    assert await said(ask, reader.chat_id) == ["for now [[tokens=5]]"]


async def test_a_killed_browser_loses_nothing(tmp_path: Path, box: Proxy, ask: Asking) -> None:
    """SIGKILL in the middle of typing, with a message that is not sent: started again, both are there."""
    browser = Killable(tmp_path / "profile")
    async with browser.running() as context:
        reader = await new_reader(context, box.url)
        chat_id = await reader.meet("Mizzle")
        await settled(reader)
        box.always(SILENT)
        await reader.field.fill("on its way [[tokens=5]]")
        await reader.field.press("Enter")
        await expect(pending(reader)).to_have_count(1)
        await reader.field.press_sequentially("half a sent")
        await reader.until(lambda: drafted(reader, chat_id, "half a sent"))
        browser.kill()
    async with browser.running() as context:
        reader = await new_reader(context, box.url)
        box.always(UNHEARD)
        await reader.open(f"/chats/{chat_id}")
        await expect(pending(reader)).to_contain_text("on its way")
        await expect(reader.field).to_have_value("half a sent")
        await note_of_the_past(reader)
        box.always(PASS)
        await reader.ended(await reader.reply_at(1))
        await expect(reader.field).to_have_value("half a sent")
    assert await said(ask, chat_id) == ["on its way [[tokens=5]]"]


async def test_the_service_worker_sends_what_a_closed_page_left(distant: Reader, box: Proxy, ask: Asking) -> None:
    """The browser has the worker send it, with no page of Perdure open; what is held stays."""
    await distant.meet("Mizzle")
    chat_id = distant.chat_id
    box.always(UNHEARD)
    await write(distant, "after closing [[tokens=5]]")
    await distant.field.fill("held [[tokens=5]]")
    await distant.field.press("Enter")
    await expect(pending(distant)).to_have_count(2)
    devtools = await distant.page.context.new_cdp_session(distant.page)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
    )
    await devtools.send("ServiceWorker.enable")
    await distant.page.goto("about:blank")
    box.always(PASS)
    sync = {"origin": box.url, "registrationId": registrations[0], "tag": "perdure-letters", "lastChance": False}
    while not await said(ask, chat_id):
        await devtools.send("ServiceWorker.dispatchSyncEvent", sync)
    assert await said(ask, chat_id) == ["after closing [[tokens=5]]"]


async def test_a_lost_answer_keeps_nothing_back(distant: Reader, box: Proxy, ask: Asking) -> None:
    """The message is there, with its reply, though nobody has said so: of the next it is told why it waits."""
    await distant.meet("Mizzle")
    await settled(distant)
    box.always(UNANSWERED, only=SENDING)
    await distant.field.fill("first [[tokens=5]]")
    await distant.field.press("Enter")
    reply = await distant.reply_at(1)
    await remembered(distant, await distant.ended(reply))
    box.always(UNHEARD)
    await distant.page.reload()
    await note_of_the_past(distant)
    await write(distant, "second [[tokens=5]]")
    await distant.scrolls()
    box.always(PASS)
    await distant.ended(await distant.reply_at(2))
    assert await said(ask, distant.chat_id) == ["first [[tokens=5]]", "second [[tokens=5]]"]


@in_every_look
async def test_a_chat_is_read_and_written_in_while_the_server_is_away(
    box: Proxy, come: Come, viewport: dict[str, int], theme: str
) -> None:
    """Dated, legible and accessible; live again, the very messages stay where they are."""
    reader = await come(base=box.url, viewport=viewport, color_scheme=theme)
    reader.interrupted = True
    await reader.meet("Mizzle")
    await settled(reader)
    reply_id = await reader.say("something to remember [[tokens=30 interval=0]]")
    text = await reader.ended(reply_id)
    await remembered(reader, text)
    box.always(UNHEARD)
    await reader.page.reload()
    await note_of_the_past(reader)
    assert await reader.text(reply_id) == text
    await write(reader, "and now? [[tokens=5]]")
    await reader.looks_right()
    await reader.is_accessible()
    # The lines about the wait leave with it, and the page is shorter by them.
    await reader.scrolls()
    box.always(PASS)
    await reader.ended(await reader.reply_at(2))
    await expect(reader.page.get_by_text("As this browser saw it last:")).to_have_count(0)
    await expect(reader.messages).to_have_count(5)


async def test_a_reply_is_kept_once_it_has_ended(reader: Reader) -> None:
    """Not a while later, nor as the page is left: either may never come."""
    await reader.page.add_init_script(AT_ONCE_OR_NEVER)
    await reader.meet("Mizzle")
    reply_id = await reader.say("something to remember [[tokens=30 interval=0]]")
    await remembered(reader, await reader.ended(reply_id))


async def test_a_reply_that_came_all_at_once_is_kept_too(reader: Reader) -> None:
    """Where the page is busy while it is written, the first that is heard of it is its end."""
    await reader.page.add_init_script(AT_ONCE_OR_NEVER)
    await reader.meet("Mizzle")
    await reader.field.fill("something to remember [[tokens=3 interval=0]]")
    await reader.page.evaluate(BUSY_ONCE_SENT)
    await reader.field.press("Enter")
    await remembered(reader, await reader.ended(await reader.reply_at(1)))


@pytest.mark.parametrize("path", ["/", "/chats", "/chats/{}"])
async def test_what_was_seen_last_stands_there_at_once(distant: Reader, box: Proxy, path: str) -> None:
    """Not behind a note about the trouble alone, which would leave again with whatever somebody reaches for in it."""
    await distant.meet("Mizzle")
    chat_id = distant.chat_id
    await distant.open("/chats")
    await expect(distant.main.get_by_role("article")).not_to_have_count(0)
    await distant.until(lambda: listed(distant))
    await distant.page.add_init_script(TROUBLES)
    box.always(UNHEARD)
    await distant.open(path.format(chat_id))
    await note_of_the_past(distant)
    assert await distant.page.evaluate("() => window.troubles") == 0


async def test_a_chat_that_is_gone_is_not_kept(distant: Reader, box: Proxy) -> None:
    """Deleted, it is not shown from what was kept either."""
    await distant.meet("Mizzle")
    chat_id = distant.chat_id
    await distant.page.get_by_role("button", name="This chat").click()
    await distant.page.get_by_role("menuitem", name="Delete the chat").click()
    await expect(distant.page.get_by_text("Chat deleted.")).to_be_visible()
    box.always(UNHEARD)
    await distant.open(f"/chats/{chat_id}")
    await expect(distant.main.get_by_text("The server cannot be reached")).to_be_visible()
    await expect(distant.messages).to_have_count(0)
