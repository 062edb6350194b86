"""Chats."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from perdure.core.admission import CHARACTERS_PER_CHAT, MESSAGE_CHARS
from perdure.http.schemas.characters import CharacterOut
from perdure.http.schemas.fields import Asked, Id, Name, Text


class PutChat(Asked):
    """A new chat. `greeting` chooses among those of the first character: 0 is `first_mes`, the others follow."""

    character_ids: Annotated[list[Id], Field(min_length=1, max_length=CHARACTERS_PER_CHAT)]
    persona_id: Id | None = None
    greeting: Annotated[int, Field(ge=0, lt=1000)] = 0


class PatchChat(Asked):
    """What can be changed of a chat; what is left out stays. `persona_id` null means: nobody in particular."""

    title: Name | None = None
    persona_id: Id | None = None

    @model_validator(mode="after")
    def _a_title_is_a_text(self) -> PatchChat:
        if "title" in self.model_fields_set and self.title is None:
            raise ValueError("title: a chat has one")
        return self


class PutDraft(Asked):
    """What is being written and was not sent yet; nothing means that there is none."""

    text: Annotated[Text, Field(max_length=MESSAGE_CHARS)]


class ChatOut(BaseModel):
    """A chat. `messages` counts those on the branch that is shown; `preview` is the beginning of the last one."""

    id: str
    title: str
    character_ids: list[str]
    persona_id: str | None
    head_id: str | None
    created_at: str
    updated_at: str
    messages: int
    preview: str
    preview_author: str | None


class ChatWithCharacters(ChatOut):
    """A chat and who takes part in it."""

    characters: list[CharacterOut]


class OneChat(ChatWithCharacters):
    """A chat, who takes part in it, and what is being written."""

    draft: str


class ChatsOut(BaseModel):
    """Chats, the last used first."""

    chats: list[ChatOut]
