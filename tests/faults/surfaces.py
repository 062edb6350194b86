"""Ways in which a failure reaches somebody, each read as its reader reads it: what it says, and no more than that."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openai
from playwright.async_api import Page, expect

from perdure.client import AsyncPerdure
from perdure.core.errors import PerdureError, by_code
from tests.http.asking import Asking, asking
from tests.http.installation import DEADLINE_S, environment

LIMIT_S = 3 * DEADLINE_S


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody was told: the stable code, whose fault, whether what they sent is saved, and what helps.

    Where a surface has words alone, the code is that of the error whose words they are.
    """

    code: str
    fault: str
    saved: bool
    remedy: str


NOTHING = Told("", "", False, "")
"""Nobody was told of a failure."""

Surface = Callable[[str, str], Awaitable[Told]]
"""Says a text to the Perdure at a URL, and returns what came of it."""


def _told(error: Mapping[str, Any] | None) -> Told:
    return NOTHING if error is None else Told(error["code"], error["fault"], error["saved"], error["remedy"])


async def api(url: str, text: str) -> Told:
    """Plain HTTP: the turn, once it has ended."""
    async with asking(url) as ask:
        return _told((await _ended(ask, text))["error"])


async def api_chat(url: str, text: str) -> str:
    """The chat in which that was said, once its reply has ended."""
    async with asking(url) as ask:
        return str((await _ended(ask, text))["chat_id"])


async def _ended(ask: Asking, text: str) -> dict[str, Any]:
    accepted = await ask.said(await ask.chat(), text)
    async with asyncio.timeout(LIMIT_S):
        while (turn := await ask.turn(accepted["turn"]["id"]))["state"] in ("queued", "running"):
            await asyncio.sleep(0.5)
    return turn


async def recovers(url: str, text: str) -> bool:
    """Whether the chat goes on once what failed is mended: the next message gets its reply, and what was said stays."""
    async with asking(url) as ask:
        failed = await _ended(ask, text)
        mended = await ask.told(failed["chat_id"], "Mended. [[tokens=3]]")
        said = [message["text"] for message in await ask.messages(failed["chat_id"]) if message["role"] == "user"]
    return mended["state"] == "done" and len(mended["text"].split()) == 3 and said[0] == text


async def sse(url: str, text: str) -> Told:
    """The chat's event stream: the turn's last event."""
    async with asking(url) as ask, asyncio.timeout(LIMIT_S):
        chat = await ask.chat()
        async with ask.follow(chat) as stream:
            turn = (await ask.said(chat, text))["turn"]["id"]
            return _told((await stream.until_end(turn))["error"])


async def client(url: str, text: str) -> Told:
    """The Python client: the exception that a reply ends in."""
    async with AsyncPerdure(url) as perdure, asyncio.timeout(LIMIT_S):
        chat = await perdure.put_chat([(await perdure.characters())[0]["id"]])
        try:
            await (await perdure.say(chat["id"], text)).read()
        except PerdureError as error:
            return Told(error.code, str(error.fault), bool(error.saved), error.remedy)
    return NOTHING


async def openai_stream(url: str, text: str) -> Told:
    """OpenAI's own client, streaming: the error that it raises in the stream."""
    return await _openai(url, text, stream=True)


async def openai_whole(url: str, text: str) -> Told:
    """OpenAI's own client, asking for one answer."""
    return await _openai(url, text, stream=False)


async def _openai(url: str, text: str, *, stream: bool) -> Told:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=LIMIT_S) as talking:
        try:
            said: Any = [{"role": "user", "content": text}]
            answer: Any = await talking.chat.completions.create(model="Mizzle", messages=said, stream=stream)
            if stream:
                async for _ in answer:
                    pass
        except openai.APIError as error:
            body = error.body if isinstance(error.body, dict) else {}
            document = body if "saved" in body else await _document(error)
            return _told(document)
    return NOTHING


async def _document(error: openai.APIError) -> Mapping[str, Any]:
    """The whole problem document; the client itself keeps OpenAI's part of it."""
    assert isinstance(error, openai.APIStatusError)
    document: Mapping[str, Any] = error.response.json()
    return document


async def cli(url: str, text: str) -> Told:
    """`perdure chat` in a pipe: its words on standard error."""
    return in_words(await terminal(url, [text]))


async def terminal(url: str, texts: Sequence[str]) -> str:
    """What `perdure chat` writes on standard error while all of that is said, one after the other."""
    command = [sys.executable, "-m", "perdure", "chat", "Mizzle", "--new", "--server", url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment())
    async with asyncio.timeout(LIMIT_S * len(texts)):
        _, wrong = await process.communicate("".join(f"{text}\n" for text in texts).encode())
    words = wrong.decode()
    assert (process.returncode == 0) == (in_words(words) is NOTHING), words
    return words


def in_words(words: str) -> Told:
    """The error that the words lead to, if they hold its verdict and its remedy as well."""
    found = re.search(r"/help/errors/(\w+)", words)
    if found is None:
        return NOTHING
    kind = by_code()[found[1]]
    assert kind.verdict in words, words
    return Told(kind.code, str(kind.fault), "saved" in words, kind.remedy)


async def seen(page: Page, url: str, chat: str) -> Told:
    """The page: what stands on a message whose reply has failed."""
    await page.goto(f"{url}/chats/{chat}")
    message = page.locator("article.character").last
    await expect(message).to_have_attribute("data-state", "failed")
    await message.get_by_role("button", name="Why?").click()
    help_page = await message.get_by_role("link", name="What this means").get_attribute("href")
    words = " ".join((await message.inner_text()).split())
    told = in_words(f"{words} {help_page}")
    assert by_code()[told.code].title in words, words
    return told


SURFACES: Mapping[str, Surface] = {
    "api": api,
    "sse": sse,
    "client": client,
    "openai-stream": openai_stream,
    "openai-whole": openai_whole,
    "cli": cli,
}
"""All but the page, which needs a browser: see `seen`."""
