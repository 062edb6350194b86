"""The trash: what was deleted, bringing it back, and erasing it for good."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from perdure.core.views import character_view, hidden_message_view, hidden_view, persona_view
from perdure.engine import trash
from perdure.http.answers import whole_chat
from perdure.http.problems import Json
from perdure.http.schemas.characters import CharacterOut
from perdure.http.schemas.chats import ChatWithCharacters
from perdure.http.schemas.personas import PersonaOut
from perdure.http.schemas.trash import PurgedOut, PurgeTrash, TrashOut
from perdure.http.service import Perdure
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1", tags=["trash"])


@router.get("/trash", response_model=TrashOut)
async def look_into_trash(perdure: Perdure) -> Response:
    """Chats, characters and personas that were deleted, and messages in other chats: the last deleted first."""

    def work(records: Records) -> dict[str, Any]:
        found = trash.look(records)
        return {
            "chats": [hidden_view(chat, "title") for chat in found.chats],
            "characters": [hidden_view(character, "name") for character in found.characters],
            "personas": [hidden_view(persona, "name") for persona in found.personas],
            "messages": found.messages,
            "deleted_messages": [hidden_message_view(message) for message in found.deleted_messages],
        }

    return Json(await perdure.store.read(work))


@router.post("/trash/purge", response_model=PurgedOut)
async def purge_trash(_: PurgeTrash, perdure: Perdure) -> Response:
    """Erase for good what was deleted, but for what is still needed: a character or a persona that a chat has, a chat
    in which a reply is being written. The event log forgets what it tells of them within a day.
    """
    purged = await trash.purge(perdure.store)
    await perdure.backends.forget()
    return Json(asdict(purged))


@router.post("/chats/{chat_id}/restore", response_model=ChatWithCharacters)
async def restore_chat(chat_id: UUID, perdure: Perdure) -> Response:
    """Bring a deleted chat back. The same again changes nothing."""
    return Json(await perdure.act(lambda r, _: whole_chat(r, trash.restore_chat(r, str(chat_id)))))


@router.post("/characters/{character_id}/restore", response_model=CharacterOut)
async def restore_character(character_id: UUID, perdure: Perdure) -> Response:
    """Bring a deleted character back into the gallery. The same again changes nothing."""

    def work(records: Records, _: float) -> dict[str, Any]:
        restored = trash.restore_character(records, str(character_id))
        return character_view(restored, records.characters.use(restored.id))

    return Json(await perdure.act(work))


@router.post("/personas/{persona_id}/restore", response_model=PersonaOut)
async def restore_persona(persona_id: UUID, perdure: Perdure) -> Response:
    """Offer a deleted persona again. The same again changes nothing."""
    return Json(await perdure.act(lambda r, _: persona_view(trash.restore_persona(r, str(persona_id)))))
