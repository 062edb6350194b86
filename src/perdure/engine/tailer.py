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
from perdure.engine.window import LENGTH, SPAN_S, Window
from perdure.ports.bell import Bell, Hint
from perdure.ports.store import Records, Store

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
    """One reader of a chat, which is given every event behind the seq `since`. `wake` is set when there is something to
    take, now and then when there is not, and when the reader was let go.
    """

    def __init__(self, since: int) -> None:
        self.since = since
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
        self._window: Window | None = None
        self._closed = False
        bell.listen(Hint.EVENTS, self._wake.set)

    @property
    def listening(self) -> int:
        """How many listeners there are."""
        return sum(map(len, self._listeners.values()))

    @property
    def closed(self) -> bool:
        """Whether everybody was let go, since this process ends."""
        return self._closed

    def wake(self) -> None:
        """This process itself has written something."""
        self._wake.set()

    async def subscribe(self, chat_id: str) -> Listener:
        """Hear of the chat's latest events and of all that come; what was before `since` is the caller's to read."""
        latest = await self._latest()
        listener = Listener(latest.since)
        for event in latest.of(chat_id):
            listener.give(event)
        self._listeners[chat_id].add(listener)
        if self._closed:
            listener.drop()
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
            self._window = None
            return False
        latest = await self._latest()
        events = await self._store.read(lambda records: records.events.after(latest.upto, PAGE), brief=True)
        latest.add(events)
        for event in events:
            for listener in self._listeners.get(event.chat_id, ()):
                listener.give(event)
        return len(events) == PAGE

    def _nudge(self) -> None:
        """Wake everybody, also those who have nothing to take: one timer for all instead of one for each."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake.set()

    async def _latest(self) -> Window:
        """The end of the log, read for whoever is the first to listen."""
        if self._window is None:
            latest = await self._store.read(_end_of_log)
            # Somebody else may have read it meanwhile, and gone on from an earlier end.
            if self._window is None:
                self._window = latest
        return self._window

    def close(self) -> None:
        """Let every listener go, and whoever still comes: their clients come back to whoever serves next."""
        self._closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.drop()


def _end_of_log(records: Records) -> Window:
    latest = Window(records.events.lately(SPAN_S, LENGTH))
    latest.add(records.events.after(latest.since, LENGTH))
    return latest
