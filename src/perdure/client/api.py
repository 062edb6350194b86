"""The calls of the HTTP contract that a conversation needs.

Every one of them can be repeated: what they create has an id that is drawn here, before the first try, and each try
carries it (promise 7). So all of them are, through restarts of the server, until `patience_s` is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from perdure.client.connection import Connection
from perdure.client.follow import Followed, follow
from perdure.client.shapes import Character, Chat, Message, Process, Status, Turn, TurnKind

API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is durable: the message that was sent, if one was, and the turn that replies to it, if one was asked for.

    The turn stands here as it was taken in; how it stands now is what events and `Api.turn` say.
    """

    message: Message | None
    turn: Turn | None


class Api(Connection):
    """A Perdure server. All methods raise ApiError, or Unreachable when patience ends."""

    async def status(self) -> Status:
        """The server's version, and how its model stands."""
        status: Status = await self.call("GET", f"{API}/status")
        return status

    async def processes(self) -> list[Process]:
        """The processes of the installation, the supervisor first."""
        processes: list[Process] = await self.call("GET", f"{API}/operator/processes")
        return processes

    async def characters(self) -> list[Character]:
        """The gallery."""
        characters: list[Character] = (await self.call("GET", f"{API}/characters"))["characters"]
        return characters

    async def import_card(self, card: Path | bytes, name: str = "card") -> Character:
        """The character of a card: a file, or its content with a file `name`. The same card is the same character.

        Raises OSError where the file cannot be read.
        """
        given = (card.name, await asyncio.to_thread(card.read_bytes)) if isinstance(card, Path) else (name, card)
        answer = await self.call("POST", f"{API}/characters/import", upload=given)
        character: Character = answer["character"]
        return character

    async def chats(self) -> list[Chat]:
        """The chats, last used first."""
        chats: list[Chat] = (await self.call("GET", f"{API}/chats"))["chats"]
        return chats

    async def chat(self, chat_id: str) -> Chat:
        """One chat, with its characters."""
        chat: Chat = await self.call("GET", f"{API}/chats/{chat_id}")
        return chat

    async def put_chat(
        self, character_ids: list[str], *, chat_id: str | None = None, persona_id: str | None = None
    ) -> Chat:
        """A new chat, or the one that `chat_id` names already. Its first message is the greeting."""
        body = {"character_ids": character_ids, "persona_id": persona_id}
        chat: Chat = await self.call("PUT", f"{API}/chats/{chat_id or uuid4()}", body=body)
        return chat

    async def hide_chat(self, chat_id: str) -> None:
        """Take the chat out of the list. Nothing is erased."""
        await self.call("DELETE", f"{API}/chats/{chat_id}")

    async def messages(self, chat_id: str, *, before: str | None = None, limit: int = 100) -> list[Message]:
        """The end of the branch that is shown, or what comes before the message `before`; oldest first."""
        query = {"limit": str(limit), **({"before": before} if before else {})}
        answer = await self.call("GET", f"{API}/chats/{chat_id}/messages", query=query)
        messages: list[Message] = answer["messages"]
        return messages

    async def put_message(
        self,
        chat_id: str,
        text: str,
        *,
        message_id: str | None = None,
        parent_id: str | None = None,
        reply: bool = True,
    ) -> Accepted:
        """Say something, behind `parent_id` or the chat's head. Returns once it is durable."""
        body: dict[str, Any] = {"text": text, "reply": reply}
        if parent_id is not None:
            body["parent_id"] = parent_id
        answer = await self.call("PUT", f"{API}/chats/{chat_id}/messages/{message_id or uuid4()}", body=body)
        return Accepted(answer.get("message"), answer["turn"])

    async def put_turn(
        self, chat_id: str, parent_id: str, kind: TurnKind = "reply", *, turn_id: str | None = None
    ) -> Accepted:
        """Ask for a (further) reply."""
        body = {"kind": kind, "parent_id": parent_id}
        answer = await self.call("PUT", f"{API}/chats/{chat_id}/turns/{turn_id or uuid4()}", body=body)
        return Accepted(answer.get("message"), answer["turn"])

    async def turn(self, turn_id: str) -> Turn:
        """How the turn stands now."""
        turn: Turn = await self.call("GET", f"{API}/turns/{turn_id}")
        return turn

    async def stop(self, turn_id: str) -> Turn:
        """End the turn here. What has been said stays; a turn that has ended stays as it ended."""
        turn: Turn = await self.call("POST", f"{API}/turns/{turn_id}/stop")
        return turn

    def follow(self, chat_id: str, after: int | None = None) -> AsyncGenerator[Followed, None]:
        """The chat's events behind `after` (None: a snapshot first), through every reconnection, for ever.

        Between them `Lost` and `Back` say when the connection broke and when it stood again. Close the generator
        (`contextlib.aclosing`) to end.
        """
        return follow(self, chat_id, after)
