"""The trash."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from perdure.http.schemas.fields import Asked


class PurgeTrash(Asked):
    """Erasing is asked for in so many words."""

    confirm: Literal[True]


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
    messages: int
