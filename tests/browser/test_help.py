"""What every error means can be read by anybody: on a phone, in the dark, without JavaScript, without a token."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.browser.screens import in_every_look

pytestmark = pytest.mark.anyio


@in_every_look
async def test_the_table_of_errors_is_legible(come: Come, viewport: dict[str, int], theme: str) -> None:
    """From the table to one of its pages and back: nothing is cut off, and every text has its contrast."""
    reader = await come(viewport=viewport, color_scheme=theme)
    await reader.open("/help/errors")
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("What went wrong, and what helps")
    await reader.looks_right()
    await reader.is_accessible()
    await reader.page.get_by_role("link", name="The model fell silent").click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("The model fell silent")
    await reader.looks_right()
    await reader.is_accessible()


async def test_a_failed_message_leads_to_its_explanation(reader: Reader) -> None:
    """From the line under the message to the page behind its error."""
    reader.interrupted = True
    await reader.meet("Mizzle")
    await reader.ended(await reader.say('[[status=400 message="no"]]'), "failed")
    await reader.button("Why?").click()
    link = reader.main.get_by_role("link", name="What this means, and what helps")
    await expect(link).to_have_attribute("href", "/help/errors/model_refused")
    await reader.open("/help/errors/model_refused")
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("The model's server refused the request")
