"""Calls about who talks: characters and personas."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from perdure.client.connection import Connection
from perdure.client.shapes import Character, Persona

API = "/api/v1"

CardFormat = Literal["png", "json", "charx"]


class GalleryCalls(Connection):
    """All methods raise PerdureError. What is hidden is not erased: restoring brings it back."""

    async def characters(self) -> list[Character]:
        """The gallery."""
        characters: list[Character] = (await self.call("GET", f"{API}/characters", has="characters"))["characters"]
        return characters

    async def character(self, character_id: str) -> Character:
        """One character."""
        character: Character = await self.call("GET", f"{API}/characters/{character_id}", has="id")
        return character

    async def put_character(
        self, name: str, fields: Mapping[str, Any] | None = None, *, character_id: str | None = None
    ) -> Character:
        """A new character, or the one that `character_id` names already. `fields` are those of a card (V2), such as
        `description` and `first_mes`.
        """
        body = {**(fields or {}), "name": name, "id": character_id or str(uuid4())}
        character: Character = await self.call("POST", f"{API}/characters", body=body, has="id")
        return character

    async def change_character(self, character_id: str, fields: Mapping[str, Any]) -> Character:
        """Other values for some fields of the card."""
        character: Character = await self.call("PATCH", f"{API}/characters/{character_id}", body=dict(fields), has="id")
        return character

    async def hide_character(self, character_id: str) -> None:
        """Take the character out of the gallery. Its chats stay."""
        await self.call("DELETE", f"{API}/characters/{character_id}")

    async def restore_character(self, character_id: str) -> Character:
        """Undo that."""
        character: Character = await self.call("POST", f"{API}/characters/{character_id}/restore", has="id")
        return character

    async def import_card(self, card: Path | bytes, name: str = "card") -> Character:
        """The character of a card: a file, or its content with a file `name`. The same card is the same character.

        Raises OSError where the file cannot be read.
        """
        given = (card.name, await asyncio.to_thread(card.read_bytes)) if isinstance(card, Path) else (name, card)
        answer = await self.call("POST", f"{API}/characters/import", upload=given, has="character")
        character: Character = answer["character"]
        return character

    async def export_card(self, character_id: str, format: CardFormat = "png") -> bytes:  # noqa: A002  # the API's word
        """The character's card, as a file."""
        return await self.download(f"{API}/characters/{character_id}/export", {"format": format})

    async def personas(self) -> list[Persona]:
        """Who one can be."""
        personas: list[Persona] = (await self.call("GET", f"{API}/personas", has="personas"))["personas"]
        return personas

    async def put_persona(self, name: str, description: str = "", *, persona_id: str | None = None) -> Persona:
        """A new persona, or other words for the one that `persona_id` names."""
        body = {"name": name, "description": description}
        persona: Persona = await self.call("PUT", f"{API}/personas/{persona_id or uuid4()}", body=body, has="id")
        return persona

    async def hide_persona(self, persona_id: str) -> None:
        """Offer the persona no more. Chats that have it keep it."""
        await self.call("DELETE", f"{API}/personas/{persona_id}")

    async def restore_persona(self, persona_id: str) -> Persona:
        """Undo that."""
        persona: Persona = await self.call("POST", f"{API}/personas/{persona_id}/restore", has="id")
        return persona
