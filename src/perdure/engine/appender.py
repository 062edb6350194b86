"""Commit what backends say, for all streams of a worker together (group commit).

The first token of a reply goes at once; after that everything that has come in is committed every `PACE_S`, in one
transaction for all streams. Under load the pace stretches with the time that a commit takes, so that a slow disk makes
the pieces larger and not the queue longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from perdure.core.records import Append
from perdure.core.reply import storable
from perdure.core.turn import Turn
from perdure.ports.bell import Hint
from perdure.ports.clock import Clock
from perdure.ports.models import Chunk
from perdure.ports.store import FenceLost, Records, Store

PACE_S = 0.04
"""How long text may wait for company before it is committed, in seconds."""

STRETCH = 1.0
"""The pause between two commits is at least this many times as long as the last commit took."""


@dataclass(eq=False, slots=True)
class Stream:
    """One reply on its way to the record. `offset` is where the next commit goes."""

    turn: Turn
    offset: int
    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    tokens: int = 0
    error: BaseException | None = None
    committed: asyncio.Event = field(default_factory=asyncio.Event)
    spoke: bool = False

    def __post_init__(self) -> None:
        self.committed.set()

    def take(self) -> Append:
        """What is to be committed next. The stream is empty after it."""
        text, thoughts = "".join(self.pieces), "".join(self.thoughts)
        append = Append(
            self.turn.id,
            self.turn.chat_id,
            self.turn.message_id,
            self.turn.fence,
            self.offset,
            text,
            self.tokens,
            thoughts,
        )
        self.pieces.clear()
        self.thoughts.clear()
        self.tokens = 0
        return append


class Appender:
    """The one writer of reply text in a worker."""

    def __init__(
        self, store: Store, clock: Clock, on_lost: Callable[[Turn], None], on_first: Callable[[Turn], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_lost = on_lost
        self._on_first = on_first
        self._dirty: dict[Stream, None] = {}
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()

    def open(self, turn: Turn) -> Stream:
        """A stream behind what the turn's reply holds already."""
        return Stream(turn, turn.progress.offset)

    def put(self, stream: Stream, chunk: Chunk) -> None:
        """Take what a backend said. Raises what stopped the stream: FenceLost when somebody else has the turn."""
        if stream.error is not None:
            raise stream.error
        if chunk.text:
            stream.pieces.append(storable(chunk.text))
        if chunk.reasoning:
            stream.thoughts.append(storable(chunk.reasoning))
        stream.tokens += chunk.tokens
        stream.committed.clear()
        self._dirty[stream] = None
        self._wake.set()
        if not stream.spoke and chunk.text:
            stream.spoke = True
            self._hurry.set()
            self._on_first(stream.turn)

    async def drain(self, stream: Stream) -> None:
        """Wait until all that was put is durable. Raises what stopped the stream."""
        self._hurry.set()
        await stream.committed.wait()
        if stream.error is not None:
            raise stream.error

    async def run(self) -> None:
        """Commit for ever; cancel to end."""
        loop = asyncio.get_running_loop()
        pause_s = PACE_S
        while True:
            await self._wake.wait()
            began = loop.time()
            await self._commit()
            pause_s = max(PACE_S, STRETCH * (loop.time() - began))
            try:
                await asyncio.wait_for(self._hurry.wait(), pause_s)
            except TimeoutError:
                continue

    async def _commit(self) -> None:
        self._wake.clear()
        self._hurry.clear()
        # A stream that has lost a piece says nothing more: what came behind the piece would take its place.
        streams = [stream for stream in self._dirty if stream.error is None]
        self._dirty.clear()
        if not streams:
            return
        appends = [stream.take() for stream in streams]
        now = self._clock.now()

        def work(records: Records) -> set[Append]:
            return set(records.turns.append(appends, now))

        try:
            lost = await self._store.write(work, hints=(Hint.EVENTS,))
        except BaseException as error:
            # Nothing of this was committed, so nothing of it was shown: the attempts end, and others say it again.
            for stream in streams:
                stream.error = error
                stream.committed.set()
            if not isinstance(error, Exception):
                raise
            return
        for stream, append in zip(streams, appends, strict=True):
            if append in lost:
                stream.error = FenceLost(append.turn_id)
                # Also where more has come meanwhile: it will never be committed, and nobody may wait for it.
                stream.committed.set()
                self._on_lost(stream.turn)
                continue
            stream.offset += len(append.text)
            if stream not in self._dirty:
                stream.committed.set()
