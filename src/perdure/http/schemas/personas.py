"""Personas."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from perdure.http.schemas.fields import Asked, Name, Text


class PutPersona(Asked):
    """Who the user is."""

    name: Name
    description: Annotated[Text, Field(max_length=20_000)] = ""


class PersonaOut(BaseModel):
    """A persona."""

    id: str
    name: str
    description: str
    avatar_url: str | None
    created_at: str


class PersonasOut(BaseModel):
    """All personas."""

    personas: list[PersonaOut]
