"""Follow the log for all listeners of a web process: one query for all of them, whatever their number.

Text that is not committed cannot be read here, so it cannot be shown (promise 2).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence

import structlog

from perdure.core.errors import StoreFull, StoreUnavailable
from perdure.core.records import Event
from perdure.ports.bell import Bell, Hint
from perdure.ports.store import Store

POLL_S = 0.25
"""How long a lost hint can delay what is shown, in seconds."""

NUDGE_S = 15.0
"""How often a listener is woken at least, so that its client can be shown that the connection lives, in seconds."""

PAGE = 2000
"""Events that are read at once."""

MAX_BEHIND = 20_000
"""Events that a listener may leave unread before it is let go; it comes back with its place and reads the store."""

log = structlog.get_logger()


class Listener:
    """One reader of a chat. `wake` is set when there is something to take, now and then when there is not, and when
    the reader was let go.
    """

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.dropped = False
        self._events: list[Event] = []

    def take(self) -> Sequence[Event]:
        """Everything that has come since the last call."""
        self.wake.clear()
        events, self._events = self._events, []
        return events

    def give(self, event: Event) -> None:
        """Called by the tailer."""
        if len(self._events) >= MAX_BEHIND:
            self.drop()
            return
        self._events.append(event)
        self.wake.set()

    def drop(self) -> None:
        """The reader has to come back."""
        self.dropped = True
        self.wake.set()


class Tailer:
    """Reads new events and hands each to the listeners of its chat."""

    def __init__(self, store: Store, bell: Bell) -> None:
        self._store = store
        self._wake = asyncio.Event()
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._place: int | None = None
        bell.listen(Hint.EVENTS, self._wake.set)

    def wake(self) -> None:
        """This process itself has written something."""
        self._wake.set()

    async def subscribe(self, chat_id: str) -> Listener:
        """Hear of the chat's events from now on.

        What was before is the caller's to read *after* this has returned, and may come again.
        """
        listener = Listener()
        self._listeners[chat_id].add(listener)
        try:
            await self._find_place()
        except BaseException:
            self.unsubscribe(chat_id, listener)
            raise
        return listener

    def unsubscribe(self, chat_id: str, listener: Listener) -> None:
        """Hear no more."""
        listeners = self._listeners.get(chat_id)
        if listeners is not None:
            listeners.discard(listener)
            if not listeners:
                del self._listeners[chat_id]

    async def run(self) -> None:
        """Follow for ever; cancel to end."""
        loop = asyncio.get_running_loop()
        nudged_at = loop.time()
        while True:
            if loop.time() - nudged_at > NUDGE_S:
                nudged_at = loop.time()
                self._nudge()
            try:
                more = await self._follow()
            except (StoreUnavailable, StoreFull):
                log.warning("the log cannot be read just now")
                more = False
            if more:
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_S)
            self._wake.clear()

    async def _follow(self) -> bool:
        """Read one page. Returns whether there may be more."""
        if not self._listeners:
            # Nobody listens: where the log is then is looked up when somebody does.
            self._place = None
            return False
        place = await self._find_place()
        events = await self._store.read(lambda records: records.events.after(place, PAGE))
        for event in events:
            for listener in self._listeners.get(event.chat_id, ()):
                listener.give(event)
        if events:
            self._place = events[-1].seq
        return len(events) == PAGE

    def _nudge(self) -> None:
        """Wake everybody, also those who have nothing to take: one timer for all instead of one for each."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake.set()

    async def _find_place(self) -> int:
        """Where to read on from: the end of the log, for whoever is the first to listen."""
        if self._place is None:
            end = (await self._store.read(lambda records: records.events.bounds()))[1]
            # Somebody else may have looked it up meanwhile, and read on from an earlier end.
            if self._place is None:
                self._place = end
        return self._place

    def close(self) -> None:
        """Let every listener go: their clients come back to whoever serves next."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.drop()
