"""What the handlers work with, put together by `bootstrap`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request

from perdure.config import Settings
from perdure.core.records import TurnSettings
from perdure.core.turn import Turn
from perdure.engine import intake
from perdure.engine.intake import Accepted
from perdure.engine.settings import for_turn
from perdure.engine.tailer import Tailer
from perdure.engine.unforeseen import Note
from perdure.http.admission import Door
from perdure.http.known_health import KnownHealth
from perdure.http.metrics import Metrics
from perdure.http.tracing import asked
from perdure.ports.backends import Backends
from perdure.ports.bell import Hint
from perdure.ports.clock import Clock
from perdure.ports.desk import Desk
from perdure.ports.store import Records, Store
from perdure.ports.tracing import Tracing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """One web process's parts. `desk` asks those who watch and run the others; `note` keeps what nobody foresaw."""

    settings: Settings
    store: Store
    clock: Clock
    tailer: Tailer
    desk: Desk
    backends: Backends
    pages: Path
    note: Note
    door: Door
    health: KnownHealth
    metrics: Metrics
    tracing: Tracing

    def turn_settings(self, records: Records) -> TurnSettings:
        """What a turn that is asked for in this transaction is asked with."""
        room = self.settings.context_size if self.settings.managed else None
        return for_turn(records, self.settings.turn_settings(), room)

    async def act(self, work: Callable[[Records, float], T], *hints: Hint) -> T:
        """Run a use case durably, then tell whoever may be concerned."""
        now = self.clock.now()
        result = await self.store.write(lambda records: work(records, now), hints=hints)
        self.tailer.wake()
        return result

    async def accept(self, work: Callable[[Records, float], Accepted]) -> Accepted:
        """Take in what asks for a reply."""
        accepted = await self.act(work, Hint.QUEUED, Hint.EVENTS)
        if self.tracing.on and accepted.created and accepted.turn is not None:
            request = asked()
            if request is not None:
                self.tracing.accepted(accepted.turn, request, self.clock.now())
        return accepted

    async def stop(self, turn_id: str, view: Callable[[Records, Turn], T]) -> T:
        """End a turn by its user's will, and look at it after that. One that has ended stays as it ended.

        Raises NotFound.
        """

        def work(records: Records, now: float) -> tuple[Turn, bool, T]:
            turn = intake.stop(records, turn_id, now)
            return turn, turn.ended_at == now, view(records, turn)

        turn, stopped, seen = await self.act(work, Hint.ENDED, Hint.EVENTS)
        if stopped:
            self.tracing.ended(turn)
        return seen


async def service_of(request: Request) -> Service:
    """The service of the app that answers. A coroutine, since FastAPI runs plain functions in a thread."""
    return cast(Service, request.app.state.service)


Perdure = Annotated[Service, Depends(service_of)]
