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


class TrashOut(BaseModel):
    """What was deleted. `messages` counts the deleted ones of chats that are shown, with all below them."""

    chats: list[HiddenChat]
    characters: list[HiddenCharacter]
    messages: int


class PurgedOut(BaseModel):
    """How much was erased. `messages` counts those of erased chats too."""

    chats: int
    characters: int
    personas: int
    messages: int
