"""A llama.cpp server as a backend: the managed child, or one of the operator's own."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from perdure.models.openai import LLAMA_CPP, READY_S, OpenAIBackend


class LlamaCppBackend(OpenAIBackend):
    """Knows what other servers have to be asked.

    Measured with llama.cpp b11549: with `continue_final_message` its stream holds only new text, and the prefix is put
    behind the chat template as it is.
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
    ) -> None:
        super().__init__(url, model, api_key, prefill=True, name=name, session=session, trust_env=trust_env)
        self._server = LLAMA_CPP

    async def ready(self) -> bool:
        """Whether the server has loaded its model; it listens before that."""
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
