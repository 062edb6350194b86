"""What stands in for the world around the engine: time that is told, a bell that may be mute, a backend on cue."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid5

from perdure.core.characters import Character
from perdure.core.errors import ModelUnreachable, PerdureError, StoreUnavailable
from perdure.core.prompt import Ask
from perdure.core.records import AddedBackend, StoredCharacter
from perdure.core.turn import Turn
from perdure.engine import intake
from perdure.ports.bell import Hint
from perdure.ports.models import Chunk
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore

T = TypeVar("T")

SPACE = UUID(int=0)
START_AT = 1_700_000_000.0
SETTINGS = {"max_tokens": 1000, "context_size": 4096}


def uid(*parts: object) -> str:
    """An id by name, so that a failing run can be read."""
    return str(uuid5(SPACE, "/".join(map(str, parts))))


def add_characters(records: Records, *names: str) -> list[str]:
    """Characters that only have a name."""
    ids = [uid("character", name) for name in names]
    for n, (character_id, name) in enumerate(zip(ids, names, strict=True)):
        who = Character(name, first_mes="", description="{{char}} and {{user}}.")
        records.characters.add(StoredCharacter(character_id, who, None, None, START_AT + n, START_AT + n), avatar=None)
    return ids


def add_chat(records: Records, name: str = "chat", *cast: str) -> str:
    """A chat without a greeting, with Ada in it unless told otherwise."""
    who = [known for known in cast or ("Ada",) if records.characters.get(uid("character", known)) is None]
    add_characters(records, *who)
    intake.put_chat(records, uid(name), [uid("character", known) for known in cast or ("Ada",)], None, START_AT)
    return uid(name)


def ask(records: Records, name: str = "hello", chat: str = "chat", **settings: object) -> Turn:
    """A message that wants a reply, in a chat that is made where there is none."""
    if records.chats.get(uid(chat)) is None:
        add_chat(records, chat)
    accepted = intake.put_message(records, uid(chat), uid(name), name, None, {**SETTINGS, **settings}, START_AT)
    assert accepted.turn is not None
    return accepted.turn


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
    """A process's bell: rings for all others that share its `hall`; `mute` loses every hint."""

    def __init__(self, hall: list[LocalBell] | None = None, *, mute: bool = False) -> None:
        self.mute = mute
        self.rung: list[Hint] = []
        self._heard: dict[Hint, list[Callable[[], None]]] = defaultdict(list)
        self._hall = [] if hall is None else hall
        self._hall.append(self)

    def ring(self, hint: Hint) -> None:
        """Tell the others."""
        self.rung.append(hint)
        for other in self._hall:
            if other is not self and not self.mute:
                other.hear(hint)

    def hear(self, hint: Hint) -> None:
        """Somebody has rung."""
        for heard in self._heard[hint]:
            heard()

    def turn_deaf(self) -> None:
        """Whatever is rung from now on is lost here."""
        self._heard.clear()

    def listen(self, hint: Hint, heard: Callable[[], None]) -> None:
        """Hear of it."""
        self._heard[hint].append(heard)

    async def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""


Piece = str | Chunk | Exception | asyncio.Event
"""What a backend does next: say something, fail, or wait until it is told to go on."""


def never() -> asyncio.Event:
    """Silence."""
    return asyncio.Event()


@dataclass
class Cue:
    """What a backend does for one request: `pieces` one by one; then it ends, or breaks off where `finish` is None."""

    pieces: Sequence[Piece] = ()
    finish: str | None = "stop"


@dataclass
class CuedBackend:
    """An in-process backend: for failures that must come on cue. Without a cue left it says the rest of `reply`."""

    reply: str = "Once upon a time."
    cues: list[Cue] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    is_ready: bool = True
    name: str = "cued"
    open_streams: int = 0
    most_streams: int = 0
    probed: int = 0

    async def stream(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        """The next cue; a token is one code point of the reply."""
        self.asked.append(ask)
        self.open_streams += 1
        self.most_streams = max(self.most_streams, self.open_streams)
        try:
            cue = self.cues.pop(0) if self.cues else Cue(self.reply[len(ask.prefix) :])
            for piece in cue.pieces:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, asyncio.Event):
                    await piece.wait()
                else:
                    yield piece if isinstance(piece, Chunk) else Chunk(piece, tokens=len(piece))
                    await asyncio.sleep(0)
            if cue.finish is not None:
                yield Chunk("", finish=cue.finish)
        finally:
            self.open_streams -= 1

    async def ready(self) -> bool:
        """Whether it says that it is there."""
        self.probed += 1
        return self.is_ready

    async def absence(self) -> PerdureError | None:
        """Why it is not there."""
        return None if self.is_ready else ModelUnreachable("Nobody is there.")

    async def close(self) -> None:
        """Nothing to close."""


@dataclass
class Active:
    """Which backend is active: the first, until another one is chosen by its id."""

    now: CuedBackend
    others: dict[str, CuedBackend] = field(default_factory=dict)
    capacity: int = 8
    chosen: AddedBackend | None = None

    def __post_init__(self) -> None:
        self._first = self.now

    def choose(self, chosen: AddedBackend | None) -> bool:
        """As `SwitchedBackend` does it."""
        if chosen == self.chosen:
            return False
        self.chosen = chosen
        self.now = self._first if chosen is None else self.others[chosen.id]
        return True

    async def close(self) -> None:
        """Nothing to close."""


class FaultyStore:
    """A process's way to the real store, which fails on cue.

    `before` and `after` hold what the next writes raise before they are done, or after they were (None: nothing).
    While `frozen`, nothing comes through, as for a process that was stopped.
    """

    def __init__(self, inner: SqliteStore, bell: LocalBell | None = None) -> None:
        self.inner = inner
        self.bell = bell or LocalBell()
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []
        self.read_faults: list[Exception | None] = []
        self.writes = 0
        self._moving = asyncio.Event()
        self._moving.set()
        self._dead = False

    def freeze(self) -> None:
        """SIGSTOP."""
        self._moving.clear()

    def die(self) -> None:
        """SIGKILL: whatever it was about to do, a claim among it, is not done."""
        self._dead = True

    def thaw(self) -> None:
        """SIGCONT."""
        self._moving.set()

    async def write(
        self, work: Callable[[Records], T], *, durable: bool = True, brief: bool = False, hints: Collection[Hint] = ()
    ) -> T:
        """Write, or not."""
        self.writes += 1
        before = self.before.pop(0) if self.before else None
        after = self.after.pop(0) if self.after else None
        await self._alive()
        if before is not None:
            raise before
        result = await self.inner.write(work, durable=durable, brief=brief)
        for hint in hints:
            self.bell.ring(hint)
        if after is not None:
            raise after
        return result

    async def read(self, work: Callable[[Records], T], *, brief: bool = False) -> T:
        """Read, or not."""
        await self._alive()
        fault = self.read_faults.pop(0) if self.read_faults else None
        if fault is not None:
            raise fault
        return await self.inner.read(work, brief=brief)

    async def _alive(self) -> None:
        await self._moving.wait()
        if self._dead:
            raise StoreUnavailable

    async def close(self) -> None:
        """Close as ever."""
        await self.inner.close()


async def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for something that is bound to happen; the limit is there for the day it does not."""
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.002)


async def until_turn(store: SqliteStore, turn_id: str, true: Callable[[Turn], bool], within_s: float = 20.0) -> Turn:
    """Wait until a turn is as it is bound to become."""
    async with asyncio.timeout(within_s):
        while True:
            turn = await store.read(lambda records: records.turns.get(turn_id))
            if turn is not None and true(turn):
                return turn
            await asyncio.sleep(0.005)


def ended(turn: Turn) -> bool:
    """For `until_turn`."""
    return turn.state.final
