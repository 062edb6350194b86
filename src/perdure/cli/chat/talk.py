"""A conversation with a server: calls that are tried until they are answered, and what is heard meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from perdure.cli.server_option import Server
from perdure.cli.telling import told_while_waiting
from perdure.client import Accepted, AsyncPerdure, Back, Event, Lost
from perdure.client.failures import can_pass
from perdure.client.follow import Followed
from perdure.client.reply_view import ReplyView
from perdure.client.shapes import Chat, TurnKind
from perdure.core.errors import PerdureError

T = TypeVar("T")

PATIENCE_S = 5.0
"""How long one call is tried before somebody is told, in seconds."""


@dataclass(frozen=True, slots=True)
class Said:
    """New characters of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Whose words follow. In a group it is known only once there is a place for the reply."""

    author: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the connection or the model that a reader should know, in a few words."""

    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """Ctrl-C, in its place among what was heard."""


Heard = Begun | Said | Note | Pressed


class Talk:
    """One chat at a time. Its methods raise PerdureError."""

    def __init__(self, api: AsyncPerdure) -> None:
        self.api = api
        self.chat_id = ""
        self._heard: asyncio.Queue[Followed | PerdureError | Pressed] = asyncio.Queue()
        self._away = False
        self._listening: asyncio.Task[None] | None = None
        self._unsure: tuple[str, str, str] | None = None
        """The chat, the words and the id of a message that somebody stopped waiting for."""

    async def begin(self, character_ids: list[str]) -> Chat:
        """A new chat."""
        chat_id = str(uuid4())
        chat = await self.api.put_chat(character_ids, chat_id=chat_id)
        await self._enter(chat_id)
        return chat

    async def resume(self, chat_id: str) -> Chat:
        """An earlier chat."""
        chat = await self.api.chat(chat_id)
        await self._enter(chat_id)
        return chat

    async def close(self) -> None:
        """Hear no more."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None

    async def say(self, text: str, beside: str | None = None) -> AsyncIterator[Note | ReplyView]:
        """Send a message until it is accepted, under one id however often; gives the reply that it will get.

        Gives a note when the server cannot be reached, and goes on trying until it is cancelled. The same words again
        then are the same message, since nobody knows whether it arrived.
        """
        unsure, self._unsure = self._unsure, None
        known = unsure is not None and unsure[:2] == (self.chat_id, text) and beside is None
        message_id = unsure[2] if known and unsure else str(uuid4())

        def send() -> Awaitable[Accepted]:
            return self.api.put_message(self.chat_id, text, message_id=message_id, beside=beside)

        try:
            async for item in self._asking(send):
                yield item
        except asyncio.CancelledError:
            self._unsure = (self.chat_id, text, message_id)
            raise

    async def ask(
        self, parent_id: str, kind: TurnKind, author: str | None = None, behind: str = ""
    ) -> AsyncIterator[Note | ReplyView]:
        """Ask for a reply without saying something. `behind` is the text that it goes on from."""
        turn_id = str(uuid4())
        async for item in self._asking(
            lambda: self.api.put_turn(self.chat_id, parent_id, kind, turn_id=turn_id), author, behind
        ):
            yield item

    async def _asking(
        self, call: Callable[[], Awaitable[Accepted]], author: str | None = None, behind: str = ""
    ) -> AsyncIterator[Note | ReplyView]:
        self._forget()
        async for answer in self._persist(call):
            match answer:
                case PerdureError() as error if not self._away:
                    self._away = True
                    yield Note(told_while_waiting(error))
                case Accepted(_, turn) if turn is not None:
                    yield ReplyView(turn["id"], turn["message_id"], author, behind)
                case _:
                    pass

    def press(self) -> None:
        """Ctrl-C was pressed while a reply is read."""
        self._heard.put_nowait(Pressed())

    async def reply(self, view: ReplyView) -> AsyncGenerator[Heard, None]:
        """What comes of the reply, until it has ended. Each outage is told once."""
        told = False
        while not view.ended:
            match await self._heard.get():
                case Event(_, kind, data):
                    self._away = False
                    known = view.author
                    new = view.see(kind, data)
                    if view.author is not None and known is None:
                        yield Begun(view.author)
                    if new:
                        told = False
                        yield Said(new)
                    elif view.waits_for_model and not told and not view.ended:
                        told = True
                        yield Note("waiting for the model…")
                case Lost(error) if not self._away:
                    self._away = True
                    yield Note(told_while_waiting(error))
                case Pressed() as pressed:
                    yield pressed
                case PerdureError() as error:
                    raise error
                case Lost() | Back():
                    pass

    async def stop(self, view: ReplyView) -> None:
        """End the reply here; what was said stays. Tried until it is answered, or cancelled."""
        async for _ in self._persist(lambda: self.api.stop(view.turn_id)):
            pass

    async def _persist(self, call: Callable[[], Awaitable[T]]) -> AsyncIterator[T | PerdureError]:
        """Repeat a call for as long as that can help: each failure, then what it gave. Raises what is final."""
        while True:
            try:
                answer = await call()
            except PerdureError as error:
                if not can_pass(error):
                    raise
                yield error
                # Longer than a call is patient, the server may ask for: who does not wait then makes it worse.
                await self.api.pause(1, error)
            else:
                yield answer
                return

    def _forget(self) -> None:
        """What was heard while nobody listened is over: outages that have passed, keys of another moment."""
        while not self._heard.empty():
            match self._heard.get_nowait():
                case PerdureError() as error:
                    raise error
                case Event() | Back() | Lost() | Pressed():
                    pass
        self._away = False

    async def _enter(self, chat_id: str) -> None:
        await self.close()
        self.chat_id, self._heard, self._away = chat_id, asyncio.Queue(), False
        self._listening = asyncio.create_task(self._listen(chat_id, self._heard))

    async def _listen(self, chat_id: str, heard: asyncio.Queue[Followed | PerdureError | Pressed]) -> None:
        try:
            async with aclosing(self.api.follow(chat_id)) as followed:
                async for item in followed:
                    heard.put_nowait(item)
        except PerdureError as error:
            heard.put_nowait(error)


@asynccontextmanager
async def talk_with(server: Server) -> AsyncIterator[Talk]:
    """A connection to the server, for as long as the context lasts."""
    async with AsyncPerdure(server.url, server.access_token, patience_s=PATIENCE_S) as api:
        talk = Talk(api)
        try:
            yield talk
        finally:
            await talk.close()
