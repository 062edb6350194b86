"""A scripted backend on a real socket, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from perdure.core.prompt import Ask, PromptMessage, Sampling
from perdure.models import scripted
from perdure.models.openai import OpenAIBackend
from perdure.ports.models import Chunk


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Where a scripted backend listens."""
    listening = await scripted.start()
    yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    listening.close()


@pytest.fixture
def log(url: str) -> Callable[[], Awaitable[list[dict[str, Any]]]]:
    """What the scripted backend has been asked so far."""

    async def fetch() -> list[dict[str, Any]]:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/control/log") as response:
            requests: list[dict[str, Any]] = (await response.json())["requests"]
            return requests

    return fetch


@pytest.fixture
async def backend(url: str) -> AsyncIterator[OpenAIBackend]:
    backend = OpenAIBackend(url, "scripted")
    yield backend
    await backend.close()


@pytest.fixture
def ask() -> Callable[..., Ask]:
    """Makes an ask of a message: `ask(message, prefix="", max_tokens=500, sampling=None)`."""

    def make(message: str, prefix: str = "", max_tokens: int = 500, sampling: Sampling | None = None) -> Ask:
        messages = (PromptMessage("system", "You are a lighthouse."), PromptMessage("user", message))
        return Ask(messages, prefix, max_tokens, sampling or Sampling())

    return make


@pytest.fixture
def heard() -> Callable[[OpenAIBackend, Ask], Awaitable[list[Chunk]]]:
    """All chunks of a stream."""

    async def listen(backend: OpenAIBackend, ask: Ask) -> list[Chunk]:
        return [chunk async for chunk in backend.stream(ask)]

    return listen
