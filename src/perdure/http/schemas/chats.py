"""Chats, messages and turns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from perdure.http.schemas.characters import CharacterOut
from perdure.http.schemas.fields import Asked, ErrorOnRecord, Id, Name, Speech


class PutChat(Asked):
    """A new chat."""

    character_ids: Annotated[list[Id], Field(min_length=1, max_length=16)]
    persona_id: Id | None = None


class PatchChat(Asked):
    """What can be changed of a chat."""

    title: Name


class PutMessage(Asked):
    """A user's message. Without `parent_id` it goes to the end of the branch that is shown."""

    text: Speech
    parent_id: Id | None = None
    reply: bool = True


class PutTurn(Asked):
    """Ask for a (further) reply to `parent_id`; for `continue` that is the reply which is to go on."""

    kind: Literal["reply", "swipe", "continue"]
    parent_id: Id


class MessageOut(BaseModel):
    """A message on a branch."""

    id: str
    chat_id: str
    parent_id: str | None
    role: Literal["user", "character"]
    author: str
    text: str
    created_at: str
    turn_id: str | None
    state: Literal["queued", "running", "done", "stopped", "failed"]
    error: ErrorOnRecord | None


class AttemptOut(BaseModel):
    """One worker's try at a turn."""

    n: int
    worker: str
    backend: str
    started_at: str
    ended_at: str | None
    outcome: str | None


class TurnOut(BaseModel):
    """A turn. `offset` counts the code points of `text`."""

    id: str
    chat_id: str
    message_id: str
    parent_id: str
    kind: Literal["reply", "swipe", "continue"]
    state: Literal["queued", "running", "done", "stopped", "failed"]
    text: str
    offset: int
    waiting_for: str | None
    created_at: str
    ended_at: str | None
    attempts: list[AttemptOut]
    error: ErrorOnRecord | None


class AcceptedOut(BaseModel):
    """What was accepted, as it was accepted; how the turn stands now is at `GET /api/v1/turns/{id}`."""

    message: MessageOut | None = None
    turn: TurnOut | None


class ChatOut(BaseModel):
    """A chat."""

    id: str
    title: str
    character_ids: list[str]
    persona_id: str | None
    head_id: str | None
    created_at: str
    updated_at: str
    preview: str


class ChatWithCharacters(ChatOut):
    """A chat and who takes part in it."""

    characters: list[CharacterOut]


class MessagesOut(BaseModel):
    """Messages of the branch that is shown, oldest first."""

    messages: list[MessageOut]


class ChatsOut(BaseModel):
    """Chats, the last used first."""

    chats: list[ChatOut]
