"""Characters."""

from __future__ import annotations

from pydantic import BaseModel

from perdure.http.schemas.fields import Asked, Id, Name, Text


class CharacterFields(Asked):
    """The plain fields of a character; what is left out stays as it is."""

    name: Name | None = None
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
    favourite: bool | None = None


class NewCharacter(CharacterFields):
    """A new character; with an `id` the client may send it again."""

    id: Id | None = None


class CharacterOut(BaseModel):
    """A character's plain fields. `chats` counts those that are shown; `last_chat_*` tell of the one used last."""

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
    favourite: bool
    chats: int
    last_chat_at: str | None
    last_chat_id: str | None
    created_at: str
    updated_at: str


class CharactersOut(BaseModel):
    """All characters."""

    characters: list[CharacterOut]


class OneCharacter(BaseModel):
    """One character."""

    character: CharacterOut
