"""Other versions of what was said: by buttons, keys and fingers, among replies and greetings, while things break."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.conftest import Come
from tests.browser.reader import TAKEN_OVER, Reader
from tests.http.asking import Asking, reply_to
from tests.http.installation import DEADLINE_S, Installation, eventually

pytestmark = pytest.mark.anyio

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def places(reader: Reader) -> Locator:
    """Which version of the last message is shown: "Version 2 of 3"."""
    return reader.replies.last.get_by_role("group")


async def version(reader: Reader, place: int, count: int) -> str:
    """Wait until that version of the last reply is shown; returns its id."""
    await expect(places(reader)).to_have_accessible_name(f"Version {place} of {count}")
    await expect(places(reader)).to_have_attribute("aria-busy", "false")
    return await reader.reply_at(await reader.replies.count() - 1)


async def replied(reader: Reader, tokens: int = 6) -> tuple[str, str]:
    """A chat with one reply; returns the reply's id, and what was said."""
    await reader.meet("Mizzle")
    said = f"swipe me [[tokens={tokens} interval=0.05]]"
    reply_id = await reader.say(said)
    await reader.ended(reply_id)
    await reader.acts()
    return reply_id, said


async def test_arrows_lead_to_other_replies_and_beyond_the_last_to_a_new_one(reader: Reader, ask: Asking) -> None:
    """Right beyond the last asks for another reply, left goes back to what was there; nothing is lost (promise 6)."""
    first, said = await replied(reader)
    before = await reader.text(first)
    await reader.field.press("ArrowRight")
    second = await version(reader, 2, 2)
    assert await reader.ended(second) == reply_to(said, (await ask.messages(reader.chat_id))[-1]["turn_id"])
    await reader.field.press("ArrowLeft")
    assert await version(reader, 1, 2) == first
    assert await reader.text(first) == before
    assert (await ask.messages(reader.chat_id))[-1]["id"] == first
    # Also where the log has the focus; beyond the first there is nothing.
    await reader.page.locator(".scroller").focus()
    await reader.page.keyboard.press("ArrowLeft")
    await reader.page.keyboard.press("ArrowRight")
    assert await version(reader, 2, 2) == second
    # While something is written, the arrows move in what is written.
    await reader.field.fill("word")
    await reader.field.press("ArrowLeft")
    await reader.field.press_sequentially("X")
    await expect(reader.field).to_have_value("worXd")
    assert await version(reader, 2, 2) == second


async def test_an_earlier_reply_can_be_asked_again_after_another_was_asked_beside_it(reader: Reader) -> None:
    """A wish is under way until its effect is seen, and not whenever that reply is shown once more."""
    first, _ = await replied(reader)
    await reader.field.press("ArrowRight")
    await reader.ended(await version(reader, 2, 2))
    await reader.field.press("ArrowLeft")
    assert await version(reader, 1, 2) == first
    await reader.message(first).hover()
    await reader.message(first).get_by_role("button", name="Another reply").click()
    await reader.ended(await version(reader, 3, 3))


async def test_several_swipes_in_a_row_arrive_where_they_lead(reader: Reader, ask: Asking) -> None:
    """Faster than the server answers: the place counts on, and the last one is what the server has in the end."""
    first, _ = await replied(reader, tokens=3)
    message = (await ask.messages(reader.chat_id))[1]
    for _ in range(3):
        turn = (await ask.ask(reader.chat_id, "swipe", message["id"])).json["turn"]
        await ask.ended(turn["id"])
    await version(reader, 4, 4)
    for _ in range(3):
        await reader.field.press("ArrowLeft")
    assert await version(reader, 1, 4) == first
    assert (await ask.messages(reader.chat_id))[-1]["id"] == first


async def test_greetings_are_swiped_among_but_none_is_made(reader: Reader, ask: Asking) -> None:
    """The character's own greetings stand beside one another; beyond the last there is nothing."""
    await reader.meet("Mizzle")
    await reader.acts()
    await expect(places(reader)).to_be_visible()
    name = await places(reader).get_attribute("aria-label")
    assert name is not None
    count = int(name.rpartition(" ")[2])
    assert count > 1
    first = await reader.text(await version(reader, 1, count))
    for place in range(2, count + 1):
        await reader.field.press("ArrowRight")
        assert await reader.text(await version(reader, place, count)) != first
    await expect(places(reader).get_by_role("button", name="Next version")).to_be_disabled()
    await reader.field.press("ArrowRight")
    await version(reader, count, count)
    said = "to this greeting [[tokens=3]]"
    await reader.ended(await reader.say(said))
    branch = await ask.messages(reader.chat_id)
    assert [m["text"] for m in branch][1] == said
    assert branch[0]["text"] != first


async def test_a_finger_draws_the_next_reply_and_scrolls_when_it_scrolls(come: Come, ask: Asking) -> None:
    """Sideways swipes, up and down scrolls: decided by the first steps, on a telephone."""
    reader = await come(**PHONE)
    await reader.meet("Mizzle")
    said = "with a finger [[tokens=260 interval=0]]"
    first = await reader.say(said)
    await reader.ended(first)
    await reader.acts()
    devtools = await reader.page.context.new_cdp_session(reader.page)

    async def drag(dx: int, dy: int) -> None:
        x, y = 180, 380
        for kind, n in [("touchStart", 0), *[("touchMove", n) for n in range(1, 13)], ("touchEnd", 12)]:
            points = [] if kind == "touchEnd" else [{"x": x + dx * n / 12, "y": y + dy * n / 12}]
            await devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            await reader.page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")

    await drag(-150, 10)
    second = await version(reader, 2, 2)
    await reader.ended(second)
    top = await reader.page.locator(".scroller").evaluate("(one) => one.scrollTop")
    await drag(60, 160)
    await reader.page.wait_for_function("(top) => document.querySelector('.scroller').scrollTop < top - 40", arg=top)
    assert await version(reader, 2, 2) == second
    await reader.scrolls()
    await reader.button("To the newest").click()
    await drag(150, 5)
    assert await version(reader, 1, 2) == first


async def test_a_worker_and_web_die_in_the_middle_of_another_reply(
    reader: Reader, ask: Asking, installation: Installation
) -> None:
    """The other reply is taken over and comes whole, the first is untouched, and swiping back and forth meanwhile loses
    not a character (promises 2, 4 and 6)."""
    reader.interrupted = True
    first, said = await replied(reader, tokens=100)
    before = await reader.text(first)
    await reader.field.press("ArrowRight")
    second = await version(reader, 2, 2)
    read = await reader.reads(second, more_than=30)
    turn_id = (await ask.messages(reader.chat_id))[-1]["turn_id"]
    await reader.field.press("ArrowLeft")
    assert await version(reader, 1, 2) == first
    installation.kill((await ask.turn(turn_id))["attempts"][-1]["worker"])
    pid = installation.kill("web")
    eventually(lambda: installation.pid("web") not in (None, pid))
    await reader.field.press("ArrowRight")
    assert await version(reader, 2, 2) == second
    assert (await reader.text(second)).startswith(read)
    assert await reader.ended(second) == reply_to(said, turn_id)
    await expect(reader.message(second)).to_contain_text(TAKEN_OVER)
    await reader.field.press("ArrowLeft")
    assert await version(reader, 1, 2) == first
    assert await reader.text(first) == before


async def test_two_tabs_follow_each_others_swipes(come: Come, ask: Asking) -> None:
    """What is shown is the chat's, not the tab's; the other tab counts the versions alike."""
    one = await come()
    first, _ = await replied(one)
    two = await come(context=one.page.context)
    await two.open(f"/chats/{one.chat_id}")
    await expect(two.replies).to_have_count(2)
    await two.acts()
    await one.field.press("ArrowRight")
    second = await version(one, 2, 2)
    assert await version(two, 2, 2) == second
    await two.ended(second)
    await two.field.press("ArrowLeft")
    assert await version(one, 1, 2) == first
    await one.is_accessible()


async def test_an_answer_that_comes_when_the_page_was_left_troubles_nobody(reader: Reader) -> None:
    """The other version is asked for, and told late: the chat is closed by then, and nothing of it is drawn."""
    held: list[Route] = []
    asked, left = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        held.append(route)
        asked.set()
        await left.wait()
        await route.continue_()

    await replied(reader)
    await reader.field.press("ArrowRight")
    await reader.ended(await version(reader, 2, 2))
    await reader.page.route(re.compile(r"/api/v1/chats/[^/]+/messages/[^/?]+$"), hold)
    await reader.page.reload()
    await asyncio.wait_for(asked.wait(), DEADLINE_S)
    async with reader.page.expect_request_finished(lambda request: request == held[0].request):
        await reader.page.get_by_role("link", name="Settings").first.click()
        await expect(reader.messages).to_have_count(0)
        left.set()
