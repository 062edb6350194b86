"""Calls about what is said in a chat: messages, branches, turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from perdure.client.connection import Connection
from perdure.client.shapes import Chat, Message, Turn, TurnKind

API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is durable: the message that was sent, if one was, and the turn that replies to it, if one was asked for.

    The turn stands here as it was taken in; how it stands now is what events and `turn` say.
    """

    message: Message | None
    turn: Turn | None


class MessageCalls(Connection):
    """All methods raise PerdureError."""

    async def messages(self, chat_id: str, *, before: str | None = None, limit: int = 100) -> list[Message]:
        """The end of the branch that is shown, or what comes before the message `before`; oldest first."""
        query = {"limit": str(limit), **({"before": before} if before else {})}
        answer = await self.call("GET", f"{API}/chats/{chat_id}/messages", query=query, has="messages")
        messages: list[Message] = answer["messages"]
        return messages

    async def message(self, chat_id: str, message_id: str) -> Message:
        """One message, on whichever branch."""
        message: Message = await self.call("GET", f"{API}/chats/{chat_id}/messages/{message_id}", has="id")
        return message

    async def messages_from(self, chat_id: str, message_id: str, *, limit: int = 100) -> list[Message]:
        """A message of the branch that is shown, and what follows it; oldest first."""
        first = await self.message(chat_id, message_id)
        query = {"limit": str(limit), "after": message_id}
        answer = await self.call("GET", f"{API}/chats/{chat_id}/messages", query=query, has="messages")
        return [first, *answer["messages"]]

    async def put_message(
        self,
        chat_id: str,
        text: str,
        *,
        message_id: str | None = None,
        parent_id: str | None = None,
        beside: str | None = None,
        reply: bool = True,
    ) -> Accepted:
        """Say something, behind `parent_id` or the chat's head, or in the stead of `beside`: an edit, which leaves that
        message as it is. Returns once it is durable.
        """
        places = {"parent_id": parent_id, "beside": beside}
        body: dict[str, Any] = {"text": text, "reply": reply, **{k: v for k, v in places.items() if v is not None}}
        answer = await self.call(
            "PUT", f"{API}/chats/{chat_id}/messages/{message_id or uuid4()}", body=body, has="turn"
        )
        return Accepted(answer.get("message"), answer["turn"])

    async def put_head(self, chat_id: str, message_id: str, *, leaf: bool) -> Chat:
        """Show the branch that ends at the message or, with `leaf`, the newest that leads through it."""
        body = {"message_id": message_id, "leaf": leaf}
        chat: Chat = await self.call("PUT", f"{API}/chats/{chat_id}/head", body=body, has="id")
        return chat

    async def hide_message(self, chat_id: str, message_id: str) -> Chat:
        """Delete the message and all below it; `restore_message` brings them back."""
        chat: Chat = await self.call("DELETE", f"{API}/chats/{chat_id}/messages/{message_id}", has="id")
        return chat

    async def restore_message(self, chat_id: str, message_id: str) -> Chat:
        """Undo a deletion."""
        chat: Chat = await self.call("POST", f"{API}/chats/{chat_id}/messages/{message_id}/restore", has="id")
        return chat

    async def put_turn(
        self, chat_id: str, parent_id: str, kind: TurnKind = "reply", *, turn_id: str | None = None
    ) -> Accepted:
        """Ask for a (further) reply."""
        body = {"kind": kind, "parent_id": parent_id}
        answer = await self.call("PUT", f"{API}/chats/{chat_id}/turns/{turn_id or uuid4()}", body=body, has="turn")
        return Accepted(answer.get("message"), answer["turn"])

    async def turn(self, turn_id: str) -> Turn:
        """How the turn stands now."""
        turn: Turn = await self.call("GET", f"{API}/turns/{turn_id}", has="id")
        return turn

    async def stop(self, turn_id: str) -> Turn:
        """End the turn here. What has been said stays; a turn that has ended stays as it ended."""
        turn: Turn = await self.call("POST", f"{API}/turns/{turn_id}/stop", has="id")
        return turn
