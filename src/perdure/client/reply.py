"""A reply as it comes: an iterator of text that goes on through every outage, and ends as the turn ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from perdure.client.follow import Back, Event, Lost, follow
from perdure.client.messages import Accepted, MessageCalls
from perdure.client.reply_view import ReplyView
from perdure.client.shapes import Message
from perdure.core.errors import recall


class AsyncReply:
    """`message` is what was sent, durable by now; None where only a reply was asked for. `parent_id` is the id of the
    message that it replies to.

    Iterate for the characters that are new since the last time. Where the turn failed, its error is raised at the end
    (a ModelError, most often), and `text` keeps what was said. Where the server stays away for longer than the client
    is patient, the error of the network is raised; whoever iterates again then goes on where it was.
    """

    def __init__(self, calls: MessageCalls, chat_id: str, accepted: Accepted, behind: str = "") -> None:
        assert accepted.turn is not None, "a reply was asked for"
        self.chat_id = chat_id
        self.message: Message | None = accepted.message
        self.parent_id = accepted.turn["parent_id"]
        self._calls = calls
        self._view = ReplyView(accepted.turn["id"], accepted.turn["message_id"], behind=behind)

    @property
    def turn_id(self) -> str:
        """The turn that writes it."""
        return self._view.turn_id

    @property
    def message_id(self) -> str:
        """The message that it is."""
        return self._view.message_id

    @property
    def text(self) -> str:
        """All that has been said so far."""
        return self._view.shown

    @property
    def state(self) -> str:
        """Its turn's: queued, running, done, stopped or failed, as far as it was heard."""
        return self._view.state

    async def __aiter__(self) -> AsyncGenerator[str, None]:
        if not self._view.ended:
            async with aclosing(self._pieces()) as pieces:
                async for piece in pieces:
                    yield piece
        if self._view.error is not None:
            raise recall(self._view.error)

    async def read(self) -> str:
        """The whole text, once it has ended. Raises what iterating raises."""
        async for _ in self:
            pass
        return self.text

    async def stop(self) -> None:
        """End it here. What has been said stays."""
        self._view.see("turn", dict(await self._calls.stop(self.turn_id)))

    async def _pieces(self) -> AsyncGenerator[str, None]:
        looked = False
        async with aclosing(follow(self._calls, self.chat_id)) as events:
            async for item in events:
                new = ""
                match item:
                    case Event(_, "head", _) if not looked:
                        # A snapshot tells of one branch, and the reply may be on another.
                        looked, new = True, await self._look()
                    case Event(_, kind, data):
                        new = self._view.see(kind, data)
                    case Lost():
                        # The stream may be what is broken: a proxy that holds it back lets a short answer through.
                        new = await self._look()
                    case Back():
                        looked = False
                if new:
                    yield new
                if self._view.ended:
                    return

    async def _look(self) -> str:
        """Ask how the turn stands."""
        return self._view.see("turn", dict(await self._calls.turn(self.turn_id)))
