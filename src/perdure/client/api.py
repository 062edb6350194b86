"""The calls of the HTTP contract that a conversation needs.

Every one of them can be repeated: what they create has an id that is drawn here, before the first try, and each try
carries it (promise 7). So all of them are, through restarts of the server, until `patience_s` is over.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from uuid import uuid4

from perdure.client.follow import Followed, follow
from perdure.client.gallery import GalleryCalls
from perdure.client.messages import Accepted, MessageCalls
from perdure.client.shapes import Chat, Process, Status

__all__ = ["Accepted", "Api"]

API = "/api/v1"


class Api(GalleryCalls, MessageCalls):
    """A Perdure server. All methods raise ApiError, or Unreachable when patience ends."""

    async def status(self) -> Status:
        """The server's version, and how its model stands."""
        status: Status = await self.call("GET", f"{API}/status")
        return status

    async def processes(self) -> list[Process]:
        """The processes of the installation, the supervisor first."""
        processes: list[Process] = await self.call("GET", f"{API}/operator/processes")
        return processes

    async def chats(self, *, character_id: str | None = None, limit: int = 100) -> list[Chat]:
        """The chats, or those with one character, last used first."""
        query = {"limit": str(limit), **({"character_id": character_id} if character_id else {})}
        chats: list[Chat] = (await self.call("GET", f"{API}/chats", query=query))["chats"]
        return chats

    async def chat(self, chat_id: str) -> Chat:
        """One chat, with its characters."""
        chat: Chat = await self.call("GET", f"{API}/chats/{chat_id}")
        return chat

    async def put_chat(self, character_ids: list[str], *, chat_id: str | None = None) -> Chat:
        """A new chat, or the one that `chat_id` names already, with the persona that new chats have. Its first message
        is the greeting.
        """
        chat: Chat = await self.call("PUT", f"{API}/chats/{chat_id or uuid4()}", body={"character_ids": character_ids})
        return chat

    async def put_persona(self, chat_id: str, persona_id: str | None) -> Chat:
        """Be somebody else in the chat; None is nobody in particular."""
        chat: Chat = await self.call("PATCH", f"{API}/chats/{chat_id}", body={"persona_id": persona_id})
        return chat

    async def hide_chat(self, chat_id: str) -> None:
        """Take the chat out of the list. Nothing is erased."""
        await self.call("DELETE", f"{API}/chats/{chat_id}")

    def follow(self, chat_id: str, after: int | None = None) -> AsyncGenerator[Followed, None]:
        """The chat's events behind `after` (None: a snapshot first), through every reconnection, for ever.

        Between them `Lost` and `Back` say when the connection broke and when it stood again. Close the generator
        (`contextlib.aclosing`) to end.
        """
        return follow(self, chat_id, after)
