"""Calls about chats as a whole."""

from __future__ import annotations

from uuid import uuid4

from perdure.client.connection import Connection
from perdure.client.shapes import Chat

API = "/api/v1"


class ChatCalls(Connection):
    """All methods raise PerdureError."""

    async def chats(self, *, character_id: str | None = None, limit: int = 100) -> list[Chat]:
        """The chats, or those with one character, last used first."""
        query = {"limit": str(limit), **({"character_id": character_id} if character_id else {})}
        chats: list[Chat] = (await self.call("GET", f"{API}/chats", query=query, has="chats"))["chats"]
        return chats

    async def chat(self, chat_id: str) -> Chat:
        """One chat, with its characters."""
        chat: Chat = await self.call("GET", f"{API}/chats/{chat_id}", has="id")
        return chat

    async def put_chat(self, character_ids: list[str], *, chat_id: str | None = None) -> Chat:
        """A new chat, or the one that `chat_id` names already, with the persona that new chats have. Its first message
        is the greeting.
        """
        chat: Chat = await self.call(
            "PUT", f"{API}/chats/{chat_id or uuid4()}", body={"character_ids": character_ids}, has="id"
        )
        return chat

    async def rename_chat(self, chat_id: str, title: str) -> Chat:
        """Give it another title."""
        chat: Chat = await self.call("PATCH", f"{API}/chats/{chat_id}", body={"title": title}, has="id")
        return chat

    async def become(self, chat_id: str, persona_id: str | None) -> Chat:
        """Be somebody else in the chat; None is nobody in particular."""
        chat: Chat = await self.call("PATCH", f"{API}/chats/{chat_id}", body={"persona_id": persona_id}, has="id")
        return chat

    async def hide_chat(self, chat_id: str) -> None:
        """Take the chat out of the list. Nothing is erased."""
        await self.call("DELETE", f"{API}/chats/{chat_id}")

    async def restore_chat(self, chat_id: str) -> Chat:
        """Undo that."""
        chat: Chat = await self.call("POST", f"{API}/chats/{chat_id}/restore", has="id")
        return chat
