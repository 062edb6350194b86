"""What is asked of backends beside replies: how they stand, whether another would do, how many tokens a text has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from perdure.core.errors import PerdureError
from perdure.core.records import DEFAULT_BACKEND, AddedBackend


@dataclass(frozen=True, slots=True)
class DefaultBackend:
    """The backend that Perdure was started with, as it is shown."""

    name: str
    kind: Literal["embedded", "configured"]
    url: str | None
    model: str
    has_key: bool
    id: str = DEFAULT_BACKEND


@dataclass(frozen=True, slots=True)
class CheckedBackend:
    """What a check found; `problem` is None where all is well."""

    models: Sequence[str]
    reply: str | None
    problem: PerdureError | None
    took_ms: int


class Backends(Protocol):
    """What is asked of them; replies are the workers' affair. None stands for the default one."""

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
