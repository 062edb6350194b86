"""What is kept here."""

from __future__ import annotations

from pydantic import BaseModel


class DataOut(BaseModel):
    """Where the data lies, how many bytes the record takes, and how much of what is shown is in it."""

    folder: str
    database_bytes: int
    characters: int
    chats: int
    messages: int
    personas: int
