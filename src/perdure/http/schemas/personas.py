"""Personas."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from perdure.http.schemas.fields import Asked, Name, Text


class PutPersona(Asked):
    """Who the user is."""

    name: Name
    description: Annotated[Text, Field(max_length=20_000)] = ""
