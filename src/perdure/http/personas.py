"""Personas: who the user is."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from perdure.core.errors import NotFound
from perdure.core.records import Persona
from perdure.core.views import persona_view
from perdure.engine import intake
from perdure.http.avatars import SHOWN, UPLOAD, Size, picture_in, picture_out
from perdure.http.problems import Json
from perdure.http.schemas.personas import PersonaOut, PersonasOut, PutPersona
from perdure.http.service import Perdure
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1/personas", tags=["personas"])


@router.get("", response_model=PersonasOut)
async def list_personas(perdure: Perdure) -> Response:
    """All personas, the oldest first."""
    personas = await perdure.store.read(lambda r: r.personas.all())
    return Json({"personas": [persona_view(persona) for persona in personas]})


@router.get("/{persona_id}", response_model=PersonaOut)
async def get_persona(persona_id: UUID, perdure: Perdure) -> Response:
    """One persona."""
    return Json(persona_view(await perdure.store.read(lambda r: intake.persona_of(r, str(persona_id)))))


@router.put("/{persona_id}", response_model=PersonaOut)
async def put_persona(persona_id: UUID, body: PutPersona, perdure: Perdure) -> Response:
    """Keep a persona, or change the one of this id; one that was deleted comes back."""

    def work(records: Records, now: float) -> dict[str, Any]:
        records.personas.put(Persona(str(persona_id), body.name, body.description, now))
        return persona_view(intake.persona_of(records, str(persona_id)))

    return Json(await perdure.act(work))


@router.delete("/{persona_id}", status_code=204)
async def hide_persona(persona_id: UUID, perdure: Perdure) -> Response:
    """Offer the persona no more. Chats that have it keep it. The same again changes nothing."""

    def work(records: Records, now: float) -> None:
        if records.personas.get(str(persona_id)) is None:
            raise NotFound("There is no persona with this id.")
        records.personas.hide(str(persona_id), now)
        if records.settings.get("persona_id") == str(persona_id):
            records.settings.remove("persona_id")

    await perdure.act(work)
    return Response(status_code=204)


@router.get("/{persona_id}/avatar", responses=SHOWN, response_class=Response)
async def get_avatar(
    persona_id: UUID,
    perdure: Perdure,
    v: Annotated[str | None, Query(max_length=64)] = None,
    size: Size | None = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The persona's picture. `avatar_url` holds its version as `v`: under that address it may be kept for ever.
    `size=small` is for lists: at most 256 pixels."""
    avatar = await perdure.store.read(lambda r: r.personas.avatar(str(persona_id)))
    return await picture_out(avatar, v, size, if_none_match)


@router.put("/{persona_id}/avatar", response_model=PersonaOut, openapi_extra=UPLOAD)
async def put_avatar(persona_id: UUID, request: Request, perdure: Perdure) -> Response:
    """Give the persona a picture, in the place of the one it has. It is decoded, made small and encoded anew."""
    await perdure.store.read(lambda r: intake.persona_of(r, str(persona_id)))
    return await _set_avatar(str(persona_id), await picture_in(request), perdure)


@router.delete("/{persona_id}/avatar", response_model=PersonaOut)
async def remove_avatar(persona_id: UUID, perdure: Perdure) -> Response:
    """Take the persona's picture away."""
    return await _set_avatar(str(persona_id), None, perdure)


async def _set_avatar(persona_id: str, avatar: bytes | None, perdure: Perdure) -> Response:
    def work(records: Records, _: float) -> dict[str, Any]:
        intake.persona_of(records, persona_id)
        records.personas.set_avatar(persona_id, avatar)
        return persona_view(intake.persona_of(records, persona_id))

    return Json(await perdure.act(work))
