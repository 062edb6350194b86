"""Calls about who talks: characters and personas."""

from __future__ import annotations

import asyncio
from pathlib import Path

from perdure.client.connection import Connection
from perdure.client.shapes import Character, Persona

API = "/api/v1"


class GalleryCalls(Connection):
    """All methods raise ApiError, or Unreachable when patience ends."""

    async def characters(self) -> list[Character]:
        """The gallery."""
        characters: list[Character] = (await self.call("GET", f"{API}/characters"))["characters"]
        return characters

    async def import_card(self, card: Path | bytes, name: str = "card") -> Character:
        """The character of a card: a file, or its content with a file `name`. The same card is the same character.

        Raises OSError where the file cannot be read.
        """
        given = (card.name, await asyncio.to_thread(card.read_bytes)) if isinstance(card, Path) else (name, card)
        answer = await self.call("POST", f"{API}/characters/import", upload=given)
        character: Character = answer["character"]
        return character

    async def personas(self) -> list[Persona]:
        """Who one can be."""
        personas: list[Persona] = (await self.call("GET", f"{API}/personas"))["personas"]
        return personas
