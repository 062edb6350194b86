"""A chat was opened: while somebody reads the greeting and thinks of a first word, the model reads who it is to be.

Nothing depends on it. It is done by a worker that hears of it, for the latest chat, and the backend sees to it that no
reply waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from perdure.core.errors import StoreFull, StoreUnavailable
from perdure.core.prompt import PromptMessage
from perdure.core.records import TurnSettings
from perdure.engine import scene
from perdure.ports.bell import Bell, Hint
from perdure.ports.store import Records, Store

Read = Callable[[tuple[PromptMessage, ...]], Awaitable[None]]
"""Has the backend read what a prompt will begin with."""


class Foresight:
    """Looks ahead in one worker. `settings` are those that the next turn will be asked with."""

    def __init__(self, store: Store, bell: Bell, read: Read, settings: TurnSettings) -> None:
        self._store = store
        self._bell = bell
        self._read = read
        self._settings = settings

    async def run(self) -> None:
        """Look whenever a chat was opened; cancel to end."""
        opened = asyncio.Event()
        self._bell.listen(Hint.OPENED, opened.set)
        while True:
            await opened.wait()
            opened.clear()
            try:
                head = await self._store.read(self._latest)
            except (StoreUnavailable, StoreFull):
                continue
            if head:
                await self._read(head)

    def _latest(self, records: Records) -> tuple[PromptMessage, ...]:
        """What the first prompt of the latest chat will begin with; nothing where somebody has spoken in it."""
        chat = next(iter(records.chats.listed(None, 1)), None)
        return scene.opening(records, chat, self._settings) if chat else ()
