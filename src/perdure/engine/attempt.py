"""One worker's try at a turn: from the claim to the reply's end, or to whatever comes between."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

import structlog

from perdure.core.errors import (
    ContextTooLong,
    ModelCut,
    PerdureError,
    ServerError,
    StoreFull,
    StoreUnavailable,
)
from perdure.core.prompt import Ask
from perdure.core.turn import PATIENCE_S, Event, Finished, Interrupted, NotPossible, Turn
from perdure.engine import scene
from perdure.engine.appender import Appender, Stream
from perdure.engine.identity import derived_id
from perdure.engine.life import apply
from perdure.engine.scene import Part
from perdure.engine.silence import Silence
from perdure.engine.unforeseen import Note
from perdure.ports.bell import Hint
from perdure.ports.clock import Clock
from perdure.ports.models import Backend
from perdure.ports.store import FenceLost, Records, Store

log = structlog.get_logger()

SMALLER = (1.0, 0.7, 0.45)
"""Shares of the context that the prompt may take, one after the other, where a backend says that it is too long."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a backend may be silent before its first token, and between two later ones, and how long one that does
    not answer at all is waited for, in seconds.
    """

    first_token_s: float = 60.0
    stall_s: float = 15.0
    model_s: float = PATIENCE_S


@dataclass(frozen=True, slots=True)
class Attempts:
    """Runs attempts, each at the backend that it was claimed for."""

    store: Store
    clock: Clock
    appender: Appender
    patience: Patience
    note: Note

    async def run(self, turn: Turn, part: Part | None, backend: Backend) -> PerdureError | None:
        """Speak for a turn that was just claimed, and end it or give it back. Without a `part` it is loaded first.

        Returns the failure that interrupted it, if one did; a lease lost to somebody else is no failure. Raises
        StoreUnavailable or StoreFull where nothing could be written: the turn is then still this worker's.
        """
        error: PerdureError | None = None
        try:
            reason = await self._speak(turn, part, backend)
            event: Event = Finished(reason)
        except FenceLost:
            return None
        except (StoreUnavailable, StoreFull):
            # The record's trouble is not the turn's: nothing can be written now, not even an end.
            raise
        except Exception as failure:
            error = self._told(turn, failure)
            event = Interrupted(error, self.clock.jitter(), self.patience.model_s)
        await end(self.store, self.clock, turn, event)
        return error

    def _told(self, turn: Turn, failure: Exception) -> PerdureError:
        """The failure of an attempt as an error of the tree, logged under its id; one that nobody foresaw is kept."""
        error_id = derived_id(turn.id, "attempt", str(turn.attempt))
        if isinstance(failure, PerdureError):
            failure.saved, failure.error_id = True, error_id
            # Not its detail, which may quote the backend, and the backend what was said: it stands with the turn.
            log.warning("an attempt failed", error_id=error_id, code=failure.code, turn=turn.id, attempt=turn.attempt)
            return failure
        log.error("unforeseen failure", error_id=error_id, turn=turn.id, attempt=turn.attempt, exc_info=failure)
        self.note(failure, error_id)
        said = "An attempt at this reply failed in a way that was not foreseen."
        error = ServerError(said, saved=True, error_id=error_id)
        error.__cause__ = failure
        return error

    async def _speak(self, turn: Turn, part: Part | None, backend: Backend) -> str:
        """Stream the rest of the reply into the record; returns why the backend ended."""
        if part is None:
            part = await self.store.read(lambda records: scene.load(records, turn))
        for shrink in SMALLER:
            ask = scene.ask(part, turn, shrink)
            if ask.max_tokens == 0:
                return "length"
            try:
                return await self._stream(turn, ask, backend)
            except ContextTooLong:
                if shrink == SMALLER[-1]:
                    raise
                # Some backends find out in the middle: what they have said by then is not asked for again.
                turn, prefix = await self.store.read(partial(_so_far, turn))
                part = replace(part, prefix=prefix)
        raise AssertionError("unreachable")

    async def _stream(self, turn: Turn, ask: Ask, backend: Backend) -> str:
        stream = self.appender.open(turn)
        reason: str | None = None
        async with aclosing(backend.stream(ask)) as chunks:
            try:
                with Silence(self.patience.first_token_s) as silence:
                    async for chunk in chunks:
                        silence.broken(self.patience.stall_s)
                        self.appender.put(stream, chunk)
                        reason = chunk.finish
            finally:
                await self._keep(stream)
        if reason is None:
            raise ModelCut("The model's stream ended in the middle of the reply.", saved=True)
        return reason

    async def _keep(self, stream: Stream) -> None:
        """Whatever ended the stream: what was said is committed before anybody goes on behind it."""
        drained = asyncio.ensure_future(self.appender.drain(stream))
        # Where this attempt is cancelled meanwhile (a stop was pressed), nobody else is left to hear how it ends.
        drained.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(drained)


def _so_far(turn: Turn, records: Records) -> tuple[Turn, str]:
    """The turn with its progress and its text. Raises FenceLost where it has gone to somebody else."""
    current = records.turns.get(turn.id)
    if current is None or current.fence != turn.fence:
        raise FenceLost(turn.id)
    return current, records.turns.text(turn.id)


async def end(store: Store, clock: Clock, turn: Turn, event: Event) -> None:
    """Apply the event that ends an attempt, unless the turn has gone on without it."""
    now = clock.now()

    def work(records: Records) -> None:
        current = records.turns.get(turn.id)
        if current is None or current.fence != turn.fence:
            return
        try:
            apply(records, current, event, now)
        except (NotPossible, FenceLost):
            return

    # Whoever gives a turn back may have no use for it now: others should look.
    await store.write(work, hints=(Hint.EVENTS,) if isinstance(event, Finished) else (Hint.EVENTS, Hint.QUEUED))
