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
from perdure.engine import orders, scene
from perdure.engine.backends import active
from perdure.engine.settings import for_turn
from perdure.ports.bell import Bell, Hint
from perdure.ports.store import Records, Store

Read = Callable[[tuple[PromptMessage, ...]], Awaitable[None]]
"""Has the backend read what a prompt will begin with."""


class Foresight:
    """Looks ahead in one worker, for the backend that Perdure was started with.

    `defaults` and `room` are what `settings.for_turn` makes the next turn's settings from.
    """

    def __init__(self, store: Store, bell: Bell, read: Read, defaults: TurnSettings, room: int | None = None) -> None:
        self._store = store
        self._bell = bell
        self._read = read
        self._defaults = defaults
        self._room = room

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
        """What the first prompt of the latest chat will begin with; nothing where somebody has spoken in it, or where
        another backend will be asked, or none."""
        chat = next(iter(records.chats.listed(None, 1)), None)
        if chat is None or active(records) is not None or orders.held(records):
            return ()
        return scene.opening(records, chat, for_turn(records, self._defaults, self._room))
