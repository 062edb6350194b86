"""One person who talks, reads and remembers, whatever happens to the server meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from uuid import uuid4

from perdure.client import AsyncPerdure, Back, Event, Transcript
from perdure.client.follow import Followed
from perdure.client.shapes import FINAL, Attempt
from perdure.core.errors import PerdureError
from perdure.drill.lines import Line
from perdure.drill.plan import Moment
from perdure.drill.watch import Watch

LINES_PER_CHAT = 4
"""Lines said in one chat before the next one is begun: a model's prompt must not grow without end."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message that was acknowledged, and the turn that was promised with it."""

    message_id: str
    text: str
    turn_id: str
    reply: str | None
    """What the reply has to be, where that is known."""


@dataclass(slots=True)
class Talk:
    """One chat of the conversation: what was acknowledged, and what was shown."""

    transcript: Transcript
    exchanges: list[Exchange] = field(default_factory=list)
    pending: str | None = None
    """The id of a message that is on its way: it may be there, and nobody has promised it."""
    abandoned: str | None = None
    """The turn that was in progress when the conversation was cut short."""


class Conversation:
    """Talks until `finish`. `moment` and `progress` are how the drill knows when to strike.

    `trouble` is what ended it early: a call that the server refused, or did not answer.
    """

    def __init__(self, n: int, api: AsyncPerdure, character_id: str, say: Callable[[int], Line]) -> None:
        self.n = n
        self.talks: list[Talk] = []
        self.watches: list[Watch] = []
        self.progress = asyncio.Event()
        self.trouble: PerdureError | None = None
        self.failed = False
        """Whether a reply ended otherwise than whole."""
        self.heard_at = asyncio.get_running_loop().time()
        """When something new was last said or acknowledged, on the loop's clock."""
        self._api = api
        self._character_id = character_id
        self._say = say
        self._finishing = False
        self._turn_id: str | None = None
        self._changed = asyncio.Event()
        self._wanted: tuple[Moment, int] | None = None
        self._reached = asyncio.Event()

    async def run(self) -> None:
        """Talk until `finish`, to the end of the reply that is being written then."""
        n = 0
        try:
            while not self._finishing:
                chat = await self._api.put_chat([self._character_id])
                talk = Talk(Transcript(chat["id"]))
                self.talks.append(talk)
                reading = asyncio.create_task(self._read(talk))
                try:
                    for _ in range(LINES_PER_CHAT):
                        n += 1
                        await self._exchange(talk, self._say(n), reading)
                        if self._finishing:
                            break
                finally:
                    reading.cancel()
                    with suppress(asyncio.CancelledError):
                        await reading
        except PerdureError as error:
            self.trouble = error
        finally:
            if self.talks:
                self.talks[-1].abandoned = self._turn_id

    def finish(self) -> None:
        """Say no more."""
        self._finishing = True

    async def moment(self, moment: Moment, tokens: int) -> None:
        """Return at the next such moment; while speaking, behind so many tokens from now on."""
        self._wanted = (moment, tokens)
        self._reached.clear()
        await self._reached.wait()

    def at_work(self) -> tuple[str, Attempt | None] | None:
        """The turn that is in progress, and its attempt if a worker is at it."""
        if self._turn_id is None:
            return None
        turn = self.talks[-1].transcript.turns.get(self._turn_id)
        if turn is None or turn["state"] == "queued":
            return self._turn_id, None
        return None if turn["state"] in FINAL else (self._turn_id, turn["attempts"][-1])

    def attempts(self) -> int:
        """How many attempts the turn in progress has had."""
        turn = self.talks[-1].transcript.turns.get(self._turn_id or "") if self.talks else None
        return len(turn["attempts"]) if turn else 0

    def struck(self, watch: Watch | None) -> None:
        """A strike is on its way. From now on `progress` means: behind it."""
        self.progress.clear()
        if watch is not None:
            self.watches.append(watch)

    async def _exchange(self, talk: Talk, line: Line, reading: asyncio.Task[None]) -> None:
        self._reach(Moment.SENDING)
        talk.pending = str(uuid4())
        accepted = await self._api.put_message(talk.transcript.chat_id, line.text, message_id=talk.pending)
        message, turn = accepted.message, accepted.turn
        assert message is not None, "a message was sent"
        assert turn is not None, "a reply was asked for"
        talk.exchanges.append(Exchange(message["id"], line.text, turn["id"], line.reply))
        talk.pending = None
        self.heard_at = asyncio.get_running_loop().time()
        self._turn_id = turn["id"]
        self._reach(Moment.ACCEPTED)
        while not self._ended(talk):
            self._changed.clear()
            waiting = asyncio.create_task(self._changed.wait())
            await asyncio.wait((waiting, reading), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if reading.done():
                reading.result()
        self._turn_id = None

    def _ended(self, talk: Talk) -> bool:
        turn = talk.transcript.turns.get(self._turn_id or "")
        return turn is not None and turn["state"] in FINAL

    async def _read(self, talk: Talk) -> None:
        async with aclosing(self._api.follow(talk.transcript.chat_id)) as events:
            async for followed in events:
                new = talk.transcript.see(followed)
                self._notice(followed, new)
                self._changed.set()

    def _notice(self, followed: Followed, new: str) -> None:
        open_watches = [watch for watch in self.watches if not watch.over]
        match followed:
            case Back():
                for watch in open_watches:
                    watch.connected()
            case Event(kind="turn", data=turn):
                for watch in open_watches:
                    if watch.turn_id == turn["id"]:
                        watch.attempted(len(turn["attempts"]))
                        if turn["state"] in FINAL:
                            watch.ended()
                if turn["state"] in FINAL:
                    self.failed = self.failed or turn["state"] != "done"
                    self._progressed()
            case Event(kind="delta") if new:
                self.heard_at = asyncio.get_running_loop().time()
                for watch in open_watches:
                    watch.spoke(self.heard_at)
                self._progressed()
                self._reach(Moment.SPEAKING, max(1, new.count(" ")))

    def _progressed(self) -> None:
        if all(watch.over for watch in self.watches):
            self.progress.set()

    def _reach(self, moment: Moment, tokens: int = 0) -> None:
        if self._wanted is None or self._wanted[0] is not moment:
            return
        left = self._wanted[1] - tokens
        if moment is Moment.SPEAKING and left > 0:
            self._wanted = (moment, left)
            return
        self._wanted = None
        self._reached.set()
