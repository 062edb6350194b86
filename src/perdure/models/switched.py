"""The active backend, which may be another one from one moment to the next."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from perdure.core.records import AddedBackend
from perdure.models.openai import OpenAIBackend, new_session

Make = Callable[[AddedBackend | None, aiohttp.ClientSession], OpenAIBackend]


class SwitchedBackend:
    """Fulfils `perdure.ports.models.ActiveBackend`. Make it in the event loop that uses it.

    `make` builds a backend; for None the one that the program was started with. All of them share one session, so that
    a stream of a backend that is active no more just goes on, and nobody has to wait for it to let go of anything.
    """

    def __init__(self, make: Make, capacity: Callable[[AddedBackend | None], int]) -> None:
        self._session = new_session()
        self._make = make
        self._capacity = capacity
        self._chosen: AddedBackend | None = None
        self._now = make(None, self._session)

    @property
    def now(self) -> OpenAIBackend:
        """The active one."""
        return self._now

    @property
    def capacity(self) -> int:
        """How many replies one worker should have from it at once."""
        return self._capacity(self._chosen)

    def choose(self, chosen: AddedBackend | None) -> bool:
        """Let this one be active (None: the one that the program was started with). Returns whether it is another one.

        Also one whose address, model or key was changed is another one.
        """
        if chosen == self._chosen:
            return False
        self._chosen = chosen
        self._now = self._make(chosen, self._session)
        return True

    def made(self, added: AddedBackend | None) -> OpenAIBackend:
        """A backend beside the active one, for a look. Raises ValueError for an address that is none."""
        return self._make(added, self._session)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._session.close()
