"""The JSON of the contract: what comes in is checked here, what goes out is described here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_TEXT = 100_000
"""Code points that a message may have."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _storable(text: str) -> str:
    if _CONTROLS.search(text):
        raise ValueError("control characters are not allowed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("lone surrogates are not allowed: send valid Unicode") from None
    return text


def _spoken(text: str) -> str:
    if not text.strip():
        raise ValueError("there is nothing in it")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Speech = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_storable), AfterValidator(_spoken)]


class _Asked(BaseModel):
    """A request body: types are not guessed."""

    model_config = ConfigDict(strict=True, extra="ignore")


Id = Annotated[UUID, Field(strict=False)]


class PutChat(_Asked):
    """A new chat."""

    character_ids: Annotated[list[Id], Field(min_length=1, max_length=16)]
    persona_id: Id | None = None


class PatchChat(_Asked):
    """What can be changed of a chat."""

    title: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable), AfterValidator(_spoken)]


class PutMessage(_Asked):
    """A user's message. Without `parent_id` it goes to the end of the branch that is shown."""

    text: Speech
    parent_id: Id | None = None
    reply: bool = True


class PutTurn(_Asked):
    """Ask for a (further) reply to `parent_id`; for `continue` that is the reply which is to go on."""

    kind: Literal["reply", "swipe", "continue"]
    parent_id: Id


class PutPersona(_Asked):
    """Who the user is."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable), AfterValidator(_spoken)]
    description: Annotated[str, Field(max_length=20_000), AfterValidator(_storable)] = ""


class PutSession(_Asked):
    """The access token."""

    access_token: Annotated[str, Field(max_length=1000), AfterValidator(_storable)]


class CharacterFields(_Asked):
    """The plain fields of a character; what is left out stays as it is."""

    name: (
        Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable), AfterValidator(_spoken)] | None
    ) = None
    description: Text | None = None
    personality: Text | None = None
    scenario: Text | None = None
    first_mes: Text | None = None
    alternate_greetings: list[Text] | None = None
    mes_example: Text | None = None
    system_prompt: Text | None = None
    post_history_instructions: Text | None = None
    creator_notes: Text | None = None
    creator: Text | None = None
    character_version: Text | None = None
    tags: list[Text] | None = None


class ErrorOnRecord(BaseModel):
    """Why a turn failed."""

    code: str
    fault: Literal["server", "model", "network", "client"]
    title: str
    detail: str
    saved: bool
    remedy: str
    retry_after_s: float | None


class Problem(ErrorOnRecord):
    """An RFC 9457 problem document."""

    type: str
    status: int
    incident: str | None
    error_id: str


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


class CharacterOut(BaseModel):
    """A character's plain fields."""

    id: str
    name: str
    tagline: str
    description: str
    personality: str
    scenario: str
    first_mes: str
    alternate_greetings: list[str]
    mes_example: str
    system_prompt: str
    post_history_instructions: str
    creator_notes: str
    creator: str
    character_version: str
    tags: list[str]
    avatar_url: str | None
    created_at: str
    updated_at: str


class ChatWithCharacters(ChatOut):
    """A chat and who takes part in it."""

    characters: list[CharacterOut]


class MessagesOut(BaseModel):
    """Messages of the branch that is shown, oldest first."""

    messages: list[MessageOut]


class ChatsOut(BaseModel):
    """Chats, the last used first."""

    chats: list[ChatOut]


class CharactersOut(BaseModel):
    """All characters."""

    characters: list[CharacterOut]


class OneCharacter(BaseModel):
    """One character."""

    character: CharacterOut


class ProcessOut(BaseModel):
    """A process of this installation; `since` is when it got into its state, ISO 8601."""

    name: str
    role: str
    pid: int | None
    state: str
    restarts: int
    since: str


class StatusOut(BaseModel):
    """What the server is, and how its model stands."""

    version: str
    backend: dict[str, Any]


def again(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What the schema tells of a repeated request: it is answered like the first, with another status (promise 7)."""
    return {200: {"model": model, "description": "The same again."}}
