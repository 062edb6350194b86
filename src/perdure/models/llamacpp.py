"""A llama.cpp server as a backend: the managed child, or one of the operator's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import aiohttp
import structlog

from perdure.core.prompt import Ask, PromptMessage
from perdure.models.openai import LLAMA_CPP, READY_S, OpenAIBackend
from perdure.models.prompt_cache import PromptKeeper, Slots
from perdure.models.prompt_files import PromptFiles
from perdure.ports.models import Chunk

log = structlog.get_logger()

REMEMBERS_S = 5.0
"""How long a model that answers is waited for until it has its prompts back, in seconds. It takes milliseconds."""
LOOK_EVERY_S = 0.01


class LlamaCppBackend(OpenAIBackend):
    """Knows what other servers have to be asked.

    Measured with llama.cpp b11549: with `continue_final_message` its stream holds only new text, and the prefix is put
    behind the chat template as it is. `prompts` says where the prompts that it has read are kept, None for nowhere;
    `loading` whether its process says that it is not done: llama.cpp answers before it has been given them back.
    """

    def __init__(
        self,
        url: str,
        model: str = "",
        api_key: str | None = None,
        *,
        name: str | None = None,
        session: aiohttp.ClientSession | None = None,
        trust_env: bool = False,
        prompts: Callable[[], PromptFiles | None] = lambda: None,
        loading: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(url, model, api_key, prefill=True, name=name, session=session, trust_env=trust_env)
        self._server = LLAMA_CPP
        self._slots = Slots(self._base.origin(), self._headers, self._http)
        self._keeper = PromptKeeper(self._slots, prompts)
        self._loading = loading

    async def stream(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        """Stream the reply. What is long to read before it is saved, for the model's next process."""
        if ask.max_tokens > 0:
            if ask.prefix:
                await self._slots.let_go()
            await self._keeper.keep(ask)
        async with aclosing(super().stream(ask)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def foresee(self, messages: Sequence[PromptMessage]) -> None:
        """Have it read while nobody speaks, and save it, if it was not read before."""
        await self._keeper.foresee(messages)

    async def ready(self) -> bool:
        """Whether the server has loaded its model, and has its prompts back; it answers before that.

        Whoever asks in between has all of it read again, so a hint that it is not done is waited for, a while.
        """
        until = time.monotonic() + REMEMBERS_S
        while await self._healthy():
            if not self._loading() or time.monotonic() > until:
                return True
            await asyncio.sleep(LOOK_EVERY_S)
        return False

    async def _healthy(self) -> bool:
        try:
            async with (
                asyncio.timeout(READY_S),
                self._http().get(self._base.origin() / "health", allow_redirects=False) as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, OSError):
            return False

    def _extras(self) -> dict[str, Any]:
        return {"cache_prompt": True}

    def _timed(self, timings: Mapping[str, Any]) -> None:
        log.debug("the model spoke", read=timings.get("prompt_n"), known=timings.get("cache_n"))
