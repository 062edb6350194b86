"""A server with an access token: the page asks for it, and goes on where it was."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from perdure.core.errors import TokenRequired
from tests.browser.conftest import Come
from tests.browser.reader import Reader
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio


async def give(reader: Reader, token: str) -> None:
    """Answer the page that asks for the token, by keyboard: the field has the focus."""
    field = reader.page.get_by_label("Access token")
    await expect(field).to_be_focused()
    await field.fill(token)
    await field.press("Enter")


async def enter(reader: Reader, token: str) -> None:
    """Give the right token, and be let in: whoever leaves before that has not been."""
    await give(reader, token)
    await expect(reader.page.get_by_label("Access token")).to_have_count(0)


async def chatting(come: Come, guarded: Installation, token: str) -> Reader:
    """Somebody who was let in and has begun a chat."""
    reader = await come(base=guarded.url)
    reader.interrupted = True  # the browser reports each 401
    await reader.open()
    await enter(reader, token)
    await reader.meet("Mizzle")
    return reader


async def asked(reader: Reader) -> None:
    """The page asks for the token and shows nothing else."""
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("This Perdure is private")
    await expect(reader.field).not_to_be_visible()
    await expect(reader.page.get_by_role("link", name="Chats", exact=True)).not_to_be_visible()


async def test_the_token_is_asked_for_and_lets_in(come: Come, guarded: Installation, token: str) -> None:
    """A wrong one is told so and may be mended; the right one shows the page that was wanted, and is kept."""
    reader = await come(base=guarded.url)
    reader.interrupted = True  # the browser reports each 401
    await reader.open("/chats")
    await asked(reader)
    await reader.looks_right()
    await expect(reader.button("Open")).to_be_disabled()
    for guess in ("a guess", f"{token} ", token.upper()):
        await give(reader, guess)
        await expect(reader.page.get_by_text("That is not this server's access token.")).to_be_visible()
        await expect(reader.page.get_by_text(TokenRequired.remedy)).to_be_visible()
        await asked(reader)
    await reader.looks_right()
    await enter(reader, token)
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Chats")
    await reader.page.reload()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Chats")
    another = await come(base=guarded.url)
    another.interrupted = True
    await another.open()
    await asked(another)


async def test_a_conversation_goes_on_behind_the_token(come: Come, guarded: Installation, token: str) -> None:
    """The browser has lost the token in the middle of a chat: what was written is sent, once, when it is back."""
    reader = await chatting(come, guarded, token)
    await reader.ended(await reader.say("first [[tokens=5]]"))
    await reader.page.context.clear_cookies()
    await reader.field.fill("second [[tokens=5]]")
    await reader.field.press("Enter")
    await asked(reader)
    await enter(reader, token)
    await reader.ended(await reader.reply_at(2))
    await expect(reader.messages).to_have_count(5)
    await expect(reader.messages.nth(3).locator(".text")).to_have_text("second [[tokens=5]]")


async def test_a_refusal_that_comes_when_the_token_was_given_is_of_before(
    come: Come, guarded: Installation, token: str
) -> None:
    """On a slow way answers overtake one another: nobody is asked for the token again, and what was written goes."""
    reader = await chatting(come, guarded, token)
    await reader.page.context.clear_cookies()
    refused, entered = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        refusal = await route.fetch()
        assert refusal.status == 401
        refused.set()
        await entered.wait()
        await route.fulfill(response=refusal)

    await reader.page.route("**/messages/*", late, times=1)
    await reader.field.fill("said before [[tokens=5]]")
    await reader.field.press("Enter")
    await refused.wait()
    await enter(reader, token)
    entered.set()
    await reader.ended(await reader.reply_at(1))
    await expect(reader.page.get_by_label("Access token")).to_have_count(0)
