"""On the message, not in a toast: why a reply failed, what is kept, the one sensible button, and a report of it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import in_every_look
from tests.http.asking import Asking, asking
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio


async def fail(reader: Reader, how: str) -> str:
    """Say something that the model fails at; returns the reply's id."""
    reader.interrupted = True
    await reader.meet("Mizzle")
    reply_id = await reader.say(how)
    await reader.ended(reply_id, "failed")
    return reply_id


async def test_a_rejected_key_is_the_models_and_leads_to_its_settings(reader: Reader) -> None:
    """Asking again would change nothing: the button goes where it can be mended."""
    await fail(reader, '[[status=401 code="invalid_api_key" message="Incorrect API key provided."]]')
    message = reader.messages.last
    await expect(message).to_contain_text("The model's server rejected the API key")
    await expect(message).to_contain_text("It is the model's server, and neither you nor your connection.")
    await expect(message).to_contain_text("Your message is kept.")
    await message.get_by_role("link", name="Look at the model").click()
    await expect(reader.page).to_have_url(f"{reader.base}/settings/models")


async def test_what_was_too_long_is_edited(reader: Reader) -> None:
    """The button opens what was said, since asking the same again fails the same way."""
    await fail(reader, '[[status=400 code="context_length_exceeded" message="too long"]] a long story')
    await reader.acts()
    await reader.main.get_by_role("button", name="Edit the message").click()
    await expect(reader.main.get_by_role("textbox", name="Edit the message")).to_be_visible()


@in_every_look
async def test_a_failed_reply_is_reported(
    come: Come, installation: Installation, viewport: dict[str, int], theme: str
) -> None:
    """From the message to the operator's list, with what was said only where one agreed."""
    reader = await come(viewport=viewport, color_scheme=theme)
    reply_id = await fail(reader, '[[tokens=9 status=400 message="no thanks"]]')
    await reader.button("Why?").click()
    await reader.looks_right()
    await reader.is_accessible()
    await reader.button("Report it…").click()
    dialog = reader.page.get_by_role("dialog", name="Report this reply")
    await dialog.get_by_label("Anything they should know").fill("Twice now.")
    await reader.looks_right()
    await reader.is_accessible()
    agreed = theme == "dark"
    if agreed:
        await dialog.get_by_label("They may read").check()
    await dialog.get_by_role("button", name="Report", exact=True).click()
    await expect(reader.page.get_by_text("Reported.")).to_be_visible()
    await expect(dialog).to_have_count(0)
    async with asking(installation.url) as ask:
        report = await reported(ask, reply_id)
    assert report["comment"] == "Twice now."
    assert report["error"]["code"] == "model_refused"
    assert (report["text"] is not None) == agreed


async def reported(ask: Asking, message_id: str) -> dict[str, Any]:
    """What was reported of a reply."""
    listed = (await ask.get("/api/v1/operator/reports"))["reports"]
    found: dict[str, Any] = next(one for one in listed if one["message_id"] == message_id)
    return found


async def test_while_it_is_tried_again_the_message_says_why_and_how_long(reader: Reader) -> None:
    """An overloaded model asks to wait: that is said on the message, with the wait, until the reply goes on."""
    reader.interrupted = True
    await reader.meet("Mizzle")
    reply_id = await reader.say("[[tokens=9 status=429 times=1 retry_after=4]]")
    message = reader.messages.last
    await expect(message).to_contain_text("The model is overloaded. Tried again by itself")
    await expect(message).to_contain_text("second")
    await reader.ended(reply_id)
    await expect(message).not_to_contain_text("Tried again")
