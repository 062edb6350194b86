"""The trash."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, WithJsonSchema

from perdure.http.schemas.fields import Asked


def _agreed(confirm: bool) -> bool:
    if not confirm:
        raise ValueError("send true: what is erased cannot be brought back")
    return confirm


class PurgeTrash(Asked):
    """Erasing is asked for in so many words."""

    # Not a Literal: to that, the number 1 is true.
    confirm: Annotated[bool, AfterValidator(_agreed), WithJsonSchema({"type": "boolean", "const": True})]


class HiddenChat(BaseModel):
    """A chat that was deleted."""

    id: str
    title: str
    hidden_at: str


class HiddenCharacter(BaseModel):
    """A character that was deleted."""

    id: str
    name: str
    hidden_at: str


class HiddenPersona(BaseModel):
    """A persona that was deleted."""

    id: str
    name: str
    hidden_at: str


class HiddenMessageOut(BaseModel):
    """A message that was deleted in a chat that is shown; what stood below it comes back with it. `text` is its first
    line."""

    id: str
    chat_id: str
    chat_title: str
    author: str
    text: str
    hidden_at: str


class TrashOut(BaseModel):
    """What was deleted. `messages` counts the deleted ones of chats that are shown, with all below them;
    `deleted_messages` are the last hundred, but for those that were deleted together with one above them."""

    chats: list[HiddenChat]
    characters: list[HiddenCharacter]
    personas: list[HiddenPersona]
    messages: int
    deleted_messages: list[HiddenMessageOut]


class PurgedOut(BaseModel):
    """How much was erased. `messages` counts those of erased chats too."""

    chats: int
    characters: int
    personas: int
    messages: int
