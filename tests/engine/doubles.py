"""What stands in for the world around the engine: time that is told, a bell that may be mute, a backend on cue."""

from __future__ import annotations

import asyncio
import functools
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid5

from perdure.core.characters import Character
from perdure.core.prompt import Ask
from perdure.core.records import StoredCharacter
from perdure.engine import intake
from perdure.ports.bell import Hint
from perdure.ports.models import Chunk
from perdure.ports.store import Records
from perdure.store.migrate import upgrade
from perdure.store.sqlite import SqliteStore

T = TypeVar("T")

SPACE = UUID(int=0)
START_AT = 1_700_000_000.0
SETTINGS = {"max_tokens": 1000, "context_size": 4096}


def uid(*parts: object) -> str:
    """An id by name, so that a failing run can be read."""
    return str(uuid5(SPACE, "/".join(map(str, parts))))


@functools.cache
def _template() -> bytes:
    """An empty database at this version's schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "perdure.db"
        upgrade(path)
        return path.read_bytes()


def new_database(folder: Path) -> Path:
    """A fresh database file in `folder`; nothing of an older one of that name stays."""
    for name in ("perdure.db-wal", "perdure.db-shm"):
        (folder / name).unlink(missing_ok=True)
    path = folder / "perdure.db"
    path.write_bytes(_template())
    return path


def copy_database(path: Path, folder: Path) -> Path:
    """The file and its log as they are at this instant."""
    for name in (path.name, f"{path.name}-wal"):
        shutil.copy(path.with_name(name), folder / name)
    return folder / path.name


def add_characters(records: Records, *names: str) -> list[str]:
    """Characters that only have a name."""
    ids = [uid("character", name) for name in names]
    for n, (character_id, name) in enumerate(zip(ids, names, strict=True)):
        who = Character(name, first_mes="", description="{{char}} and {{user}}.")
        records.characters.add(
            StoredCharacter(character_id, who, False, None, START_AT + n, START_AT + n), avatar=None
        )
    return ids


def add_chat(records: Records, name: str = "chat", *cast: str) -> str:
    """A chat without a greeting, with Ada in it unless told otherwise."""
    ids = add_characters(records, *(cast or ("Ada",)))
    intake.put_chat(records, uid(name), ids, None, START_AT)
    return uid(name)


class ToldClock:
    """Time moves when it is told to."""

    def __init__(self, at: float = START_AT) -> None:
        self.at = at

    def now(self) -> float:
        """The instant that was told last."""
        return self.at

    def jitter(self) -> float:
        """No chance."""
        return 0.0


class LocalBell:
    """Rings in this event loop; `mute` loses every hint."""

    def __init__(self, *, mute: bool = False) -> None:
        self.mute = mute
        self.rung: list[Hint] = []
        self._heard: dict[Hint, list[Callable[[], None]]] = defaultdict(list)

    def ring(self, hint: Hint) -> None:
        """Tell all who listen."""
        self.rung.append(hint)
        if not self.mute:
            for heard in self._heard[hint]:
                heard()

    def listen(self, hint: Hint, heard: Callable[[], None]) -> None:
        """Hear of it."""
        self._heard[hint].append(heard)

    async def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Cue:
    """What a backend does for one request: says `pieces` one by one, then raises, hangs, breaks off or ends.

    `held` keeps it back before its last act until somebody sets it.
    """

    pieces: Sequence[str | Chunk | Exception] = ()
    error: Exception | None = None
    hang: bool = False
    finish: str | None = "stop"
    held: asyncio.Event | None = None


@dataclass
class CuedBackend:
    """An in-process backend: for failures that must come on cue. Without a cue left it says the rest of `reply`."""

    reply: str = "Once upon a time."
    cues: list[Cue] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    is_ready: bool = True
    name: str = "cued"
    open_streams: int = 0
    probed: int = 0

    async def stream(self, ask: Ask) -> AsyncIterator[Chunk]:
        """The next cue; a token is one code point of the reply."""
        self.asked.append(ask)
        self.open_streams += 1
        try:
            cue = self.cues.pop(0) if self.cues else Cue(self.reply[len(ask.prefix) :])
            for piece in cue.pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece if isinstance(piece, Chunk) else Chunk(piece, tokens=len(piece))
                await asyncio.sleep(0)
            if cue.held is not None:
                await cue.held.wait()
            if cue.hang:
                await asyncio.Event().wait()
            if cue.error is not None:
                raise cue.error
            if cue.finish is not None:
                yield Chunk("", finish=cue.finish)
        finally:
            self.open_streams -= 1

    async def ready(self) -> bool:
        """Whether it says that it is there."""
        self.probed += 1
        return self.is_ready

    async def close(self) -> None:
        """Nothing to close."""


class FaultyStore:
    """The real store, of which some writes fail: `faults` holds what the next writes of text raise (None: none)."""

    def __init__(self, inner: SqliteStore) -> None:
        self.inner = inner
        self.faults: list[Exception | None] = []
        self.write_gate: asyncio.Event | None = None
        self.writes = 0

    async def write(self, work: Callable[[Records], T], *, durable: bool = True) -> T:
        """Fail on cue, before anything is done."""
        self.writes += 1
        fault = self.faults.pop(0) if self.faults else None
        if self.write_gate is not None:
            await self.write_gate.wait()
        if fault is not None:
            raise fault
        return await self.inner.write(work, durable=durable)

    async def read(self, work: Callable[[Records], T]) -> T:
        """Read as ever."""
        return await self.inner.read(work)

    async def close(self) -> None:
        """Close as ever."""
        await self.inner.close()


async def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for something that is bound to happen; the limit is there for the day it does not."""
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.002)
