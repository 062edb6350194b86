"""Edits, branches, deletions: each adds to the tree or hides, and can be undone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.http.asking import Asking
from tests.http.installation import Installation, eventually

pytestmark = pytest.mark.anyio


async def two_exchanges(reader: Reader) -> list[str]:
    """A chat with two exchanges; returns the ids of its five messages."""
    await reader.meet("Mizzle")
    for said in ("one [[tokens=4]]", "two [[tokens=4]]"):
        await reader.ended(await reader.say(said))
    await expect(reader.messages).to_have_count(5)
    await reader.acts()
    return [str(one) for one in await reader.messages.evaluate_all("(all) => all.map((one) => one.dataset.messageId)")]


async def test_an_edit_of_ones_own_is_another_branch_with_a_reply_of_its_own(reader: Reader, ask: Asking) -> None:
    """What was there is one swipe away, with all that followed it (promise 6)."""
    ids = await two_exchanges(reader)
    await reader.choose(ids[1], "Edit")
    editor = reader.page.get_by_label("Edit the message")
    await expect(editor).to_be_focused()
    await editor.fill("one, but better [[tokens=5]]")
    await reader.button("Save and reply anew").click()
    await expect(reader.messages).to_have_count(3)
    await expect(reader.messages.nth(1).locator(".text")).to_have_text("one, but better [[tokens=5]]")
    await reader.ended(await reader.reply_at(1))
    swipes = reader.messages.nth(1).get_by_role("group")
    await expect(swipes).to_have_accessible_name("Version 2 of 2")
    await reader.is_accessible()
    await swipes.get_by_role("button", name="Previous version").click()
    await expect(reader.messages).to_have_count(5)
    assert [m["id"] for m in await ask.messages(reader.chat_id)] == ids


async def test_an_edit_of_a_reply_stands_beside_it(reader: Reader, ask: Asking) -> None:
    """Nobody replies to it; Escape leaves the editor and changes nothing; the arrow up edits what was said last."""
    ids = await two_exchanges(reader)
    await reader.choose(ids[4], "Edit")
    await reader.page.get_by_label("Edit the message").fill("*Mizzle says nothing.*")
    await reader.page.keyboard.press("Escape")
    await expect(reader.field).to_be_focused()
    assert (await ask.messages(reader.chat_id))[-1]["id"] == ids[4]
    await reader.choose(ids[4], "Edit")
    await reader.page.get_by_label("Edit the message").fill("*Mizzle says nothing.*")
    await reader.page.keyboard.press("Control+Enter")
    await expect(reader.replies.last.locator(".text em")).to_have_text("Mizzle says nothing.")
    await expect(reader.replies.last.get_by_role("group")).to_have_accessible_name("Version 2 of 2")
    branch = await ask.messages(reader.chat_id)
    assert (branch[-1]["role"], branch[-1]["author"]) == ("character", "Mizzle")
    await reader.field.press("ArrowUp")
    await expect(reader.page.get_by_label("Edit the message")).to_have_value("two [[tokens=4]]")


async def test_an_edit_in_progress_is_kept_until_it_is_saved_or_left(reader: Reader) -> None:
    """Over a reload and over a visit elsewhere; two at once as well; and nothing is left of it after."""
    ids = await two_exchanges(reader)
    editors = reader.page.get_by_label("Edit the message")
    await reader.choose(ids[1], "Edit")
    await editors.fill("one, half")
    await reader.page.reload()
    await reader.acts()
    await expect(editors).to_have_value("one, half")
    await expect(reader.field).to_be_focused()
    await reader.choose(ids[4], "Edit")
    await editors.last.fill("two, half")
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    await expect(reader.page.get_by_role("heading", name="Chats", exact=True)).to_be_focused()
    await reader.page.go_back()
    await expect(editors.first).to_have_value("one, half")
    await expect(editors.last).to_have_value("two, half")
    await editors.last.press("Escape")
    await editors.press("Control+Enter")
    await expect(reader.messages.nth(1).locator(".text")).to_have_text("one, half")
    await reader.ended(await reader.reply_at(1))
    await reader.page.reload()
    await expect(reader.messages).to_have_count(3)
    await expect(editors).to_have_count(0)
    assert await reader.page.evaluate("() => Object.keys(localStorage).filter((key) => key.includes('edit'))") == []


async def test_an_edit_outlives_web(reader: Reader, ask: Asking, installation: Installation) -> None:
    """Web is killed as the edit is sent: it is sent again by itself, and is there once (promises 1 and 7)."""
    reader.interrupted = True
    ids = await two_exchanges(reader)
    await reader.choose(ids[3], "Edit")
    await reader.page.get_by_label("Edit the message").fill("after the fall [[tokens=5]]")
    pid = installation.kill("web")
    await reader.button("Save and reply anew").click()
    eventually(lambda: installation.pid("web") not in (None, pid))
    await expect(reader.messages.nth(3).locator(".text")).to_have_text("after the fall [[tokens=5]]")
    await reader.ended(await reader.reply_at(2))
    branch = await ask.messages(reader.chat_id)
    assert branch[3]["siblings"] == [ids[3], branch[3]["id"]]


async def test_the_chat_goes_on_from_an_earlier_message(reader: Reader, ask: Asking) -> None:
    """Branch from here: what came after is gone from view, which is said; an undo brings it back, or a swipe later."""
    ids = await two_exchanges(reader)
    await reader.choose(ids[2], "Branch from here")
    await expect(reader.messages).to_have_count(3)
    await expect(reader.page.get_by_text("What came after is kept on its own branch.")).to_be_visible()
    await reader.button("Undo").click()
    await expect(reader.messages).to_have_count(5)
    await reader.choose(ids[2], "Branch from here")
    await expect(reader.messages).to_have_count(3)
    await reader.ended(await reader.say("another two [[tokens=4]]"))
    swipes = reader.messages.nth(3).get_by_role("group")
    await expect(swipes).to_have_accessible_name("Version 2 of 2")
    await swipes.get_by_role("button", name="Previous version").click()
    await expect(reader.message(ids[4])).to_be_visible()
    assert [m["id"] for m in await ask.messages(reader.chat_id)] == ids


async def test_a_deletion_can_be_undone(reader: Reader, ask: Asking) -> None:
    """With all that followed, at once or after a reload of nothing but the server's memory."""
    ids = await two_exchanges(reader)
    await reader.choose(ids[3], "Delete")
    await expect(reader.messages).to_have_count(3)
    assert [m["id"] for m in await ask.messages(reader.chat_id)] == ids[:3]
    await reader.button("Undo").click()
    await expect(reader.messages).to_have_count(5)
    assert [m["id"] for m in await ask.messages(reader.chat_id)] == ids
    await expect(reader.messages.nth(3).get_by_role("group")).to_have_count(0)


async def test_news_stands_above_what_is_being_written(reader: Reader) -> None:
    """However many lines that are."""
    ids = await two_exchanges(reader)
    await reader.field.fill("a line\n" * 9)
    await reader.choose(ids[3], "Delete")
    news = reader.page.locator(".toast")
    await expect(news).to_be_visible()
    await reader.settled()
    above, below = await news.bounding_box(), await reader.field.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]


async def test_what_will_be_announced_has_its_place_before(reader: Reader) -> None:
    """A listener hears only of what changes within a region that was there already; until then it takes no room."""
    ids = await two_exchanges(reader)
    region = reader.message(ids[4]).locator("[aria-live]")
    await expect(region).to_have_text("")
    await expect(region).not_to_have_css("display", "none")
    whole = reader.message(ids[4]).locator(".note")
    note, time = await whole.bounding_box(), await whole.locator("time").bounding_box()
    assert note is not None
    assert time is not None
    assert time["x"] == pytest.approx(note["x"], abs=0.5)


async def test_tools_stay_while_the_focus_is_in_them(reader: Reader) -> None:
    """Also where the pointer comes by and goes."""
    ids = await two_exchanges(reader)
    tool = reader.message(ids[1]).get_by_role("button", name="Edit")
    await reader.message(ids[1]).hover()
    await tool.focus()
    await reader.message(ids[2]).hover()
    await reader.settled()
    await expect(tool).to_be_focused()
    await expect(tool).to_have_css("opacity", "1")
    await expect(reader.message(ids[1]).locator(".tools")).to_have_css("opacity", "1")


async def test_a_deletion_can_be_undone_from_elsewhere(reader: Reader, ask: Asking) -> None:
    """Also where that does not succeed at once: it is said, and offered again."""
    ids = await two_exchanges(reader)
    chat = reader.chat_id
    await reader.choose(ids[3], "Delete")
    await reader.page.get_by_role("link", name="Chats", exact=True).click()
    await expect(reader.page.get_by_role("heading", name="Chats", exact=True)).to_be_focused()
    await reader.refused("**/restore", "Somebody else is at it")
    await reader.button("Undo").click()
    await expect(reader.page.get_by_text("Not undone. Somebody else is at it.")).to_be_visible()
    async with reader.page.expect_response("**/restore"):
        await reader.button("Try again").click()
    assert [m["id"] for m in await ask.messages(chat)] == ids


async def test_the_chat_is_named_exported_and_deleted_from_its_menu(reader: Reader, ask: Asking) -> None:
    """And the deletion can be undone from where one lands."""
    await two_exchanges(reader)
    chat = reader.chat_id
    await reader.button("This chat").click()
    await reader.page.get_by_role("menuitem", name="Rename").click()
    await reader.page.get_by_label("The chat's name").fill("A damp friend")
    await reader.page.keyboard.press("Enter")
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("A damp friend")
    assert (await ask.get(f"/api/v1/chats/{chat}"))["title"] == "A damp friend"
    await expect(reader.page).to_have_title("A damp friend · Perdure")
    await reader.button("This chat").click()
    await reader.page.get_by_role("menuitem", name="Delete the chat").click()
    await reader.page.wait_for_url("**/chats")
    await reader.button("Undo").click()
    await reader.page.wait_for_url(f"**/chats/{chat}")
    await expect(reader.messages).to_have_count(5)


async def test_a_draft_is_there_on_another_device(come: Come, ask: Asking) -> None:
    """What is being written is kept, also by the server; a message that is sent takes it away everywhere."""
    desk, phone = await come(), await come()
    await desk.meet("Mizzle")
    await desk.field.fill("half a thought [[tokens=3]]")
    await desk.page.reload()
    await expect(desk.field).to_have_value("half a thought [[tokens=3]]")
    async with desk.page.expect_response(lambda answer: answer.url.endswith("/draft")):
        await desk.field.fill("half a thought, and more [[tokens=3]]")
    await phone.open(f"/chats/{desk.chat_id}")
    await expect(phone.field).to_have_value("half a thought, and more [[tokens=3]]")
    async with phone.page.expect_response(lambda answer: answer.url.endswith("/draft")):
        await phone.field.press("Enter")
    await phone.ended(await phone.reply_at(1))
    await desk.page.reload()
    await expect(desk.messages).to_have_count(3)
    await expect(desk.field).to_have_value("")
