"""What the handlers work with, put together by `bootstrap`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar, cast

from fastapi import Depends, Request

from perdure.config import Settings
from perdure.core.errors import PerdureError
from perdure.core.records import AddedBackend, TurnSettings
from perdure.engine.settings import for_turn
from perdure.engine.tailer import Tailer
from perdure.engine.unforeseen import Note
from perdure.http.admission import Door
from perdure.http.known_health import KnownHealth
from perdure.ports.bell import Hint
from perdure.ports.clock import Clock
from perdure.ports.store import Records, Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DefaultBackend:
    """The backend that Perdure was started with, as it is shown."""

    name: str
    kind: Literal["embedded", "configured"]
    url: str | None
    model: str
    has_key: bool
    id: str = "default"


@dataclass(frozen=True, slots=True)
class CheckedBackend:
    """What a check found; `problem` is None where all is well."""

    models: Sequence[str]
    reply: str | None
    problem: PerdureError | None
    took_ms: int


class Backends(Protocol):
    """What web asks backends itself; replies are the workers' affair. None stands for the default one."""

    default: DefaultBackend

    async def status(self, active: AddedBackend | None) -> Mapping[str, Any]:
        """How the active backend stands, for people."""
        ...

    async def absence(self, active: AddedBackend | None) -> PerdureError | None:
        """Why the active backend does not answer now; None where it does."""
        ...

    async def check(self, asked: AddedBackend | None) -> CheckedBackend:
        """Look whether a backend does, active or not. 10 s at most."""
        ...

    def refuse_unusable(self, added: AddedBackend) -> None:
        """Raise ValueError for an address that is none."""
        ...

    async def count_tokens(self, active: AddedBackend | None, texts: Sequence[str]) -> list[int] | None:
        """By the tokenizer of the active backend; None where it has none that can be asked."""
        ...

    async def forget(self) -> None:
        """Erase what is kept on disk of what the embedded model has read. It is read again where it is needed."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """One web process's parts. `processes` asks whoever knows; `note` keeps an exception that nobody foresaw."""

    settings: Settings
    store: Store
    clock: Clock
    tailer: Tailer
    processes: Callable[[], Awaitable[list[dict[str, Any]]]]
    backends: Backends
    pages: Path
    note: Note
    door: Door
    health: KnownHealth

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


async def service_of(request: Request) -> Service:
    """The service of the app that answers. A coroutine, since FastAPI runs plain functions in a thread."""
    return cast(Service, request.app.state.service)


Perdure = Annotated[Service, Depends(service_of)]
