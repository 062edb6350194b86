"""Calls that ask for a reply, and hand it out as it comes."""

from __future__ import annotations

from perdure.client.messages import MessageCalls
from perdure.client.reply import AsyncReply
from perdure.client.shapes import Message


class TalkCalls(MessageCalls):
    """All methods return once what they ask for is durable, and raise PerdureError."""

    async def say(
        self, chat_id: str, text: str, *, message_id: str | None = None, parent_id: str | None = None
    ) -> AsyncReply:
        """Say something at the chat's end, or behind `parent_id`. The same `message_id` again is the same message."""
        accepted = await self.put_message(chat_id, text, message_id=message_id, parent_id=parent_id)
        return AsyncReply(self, chat_id, accepted)

    async def edit(self, chat_id: str, beside: str, text: str, *, message_id: str | None = None) -> AsyncReply:
        """Say it in other words: a message beside what was said, which stays, and a reply to it."""
        accepted = await self.put_message(chat_id, text, message_id=message_id, beside=beside, reply=True)
        return AsyncReply(self, chat_id, accepted)

    async def swipe(self, chat_id: str, parent_id: str, *, turn_id: str | None = None) -> AsyncReply:
        """Another reply to the message `parent_id`, beside those that it has."""
        return AsyncReply(self, chat_id, await self.put_turn(chat_id, parent_id, "swipe", turn_id=turn_id))

    async def go_on(self, chat_id: str, message_id: str, *, turn_id: str | None = None) -> AsyncReply:
        """More of a reply: a new message that begins with its text. Iterating gives what is more."""
        message: Message = await self.message(chat_id, message_id)
        accepted = await self.put_turn(chat_id, message_id, "continue", turn_id=turn_id)
        return AsyncReply(self, chat_id, accepted, message["text"])
