"""Characters: list, make, change, hide; cards in and out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import anyio
from fastapi import APIRouter, File, Header, Query, Response, UploadFile

from perdure.cards.read import read_card
from perdure.cards.write import write_charx, write_json, write_png
from perdure.core.characters import CardError, Character, revise
from perdure.core.errors import BadCard, Invalid, NotFound
from perdure.core.records import StoredCharacter
from perdure.core.views import character_view
from perdure.engine import intake
from perdure.http.problems import Json
from perdure.http.schemas.characters import CharacterFields, CharacterOut, CharactersOut, OneCharacter
from perdure.http.schemas.fields import again
from perdure.http.service import Perdure
from perdure.ports.store import Records

_WRITERS: Mapping[str, Callable[[Character, bytes | None], bytes]] = {
    "png": write_png,
    "json": lambda character, _: write_json(character),
    "charx": write_charx,
}
_MEDIA_TYPES = {"png": "image/png", "json": "application/json", "charx": "application/zip"}

router = APIRouter(prefix="/api/v1/characters", tags=["characters"])


@router.get("", response_model=CharactersOut)
async def list_characters(perdure: Perdure) -> Response:
    """All characters."""
    stored = await perdure.store.read(lambda r: r.characters.all())
    return Json({"characters": [character_view(one) for one in stored]})


@router.post("", response_model=CharacterOut, status_code=201)
async def create_character(body: CharacterFields, perdure: Perdure) -> Response:
    """Make a character of plain fields; only the name is needed."""
    if body.name is None:
        raise Invalid("name: a character needs a name")
    character = _revised(Character(name=body.name), _given(body))
    stored = await perdure.act(lambda r, now: _add(r, character, None, None, now)[1])
    return Json(character_view(stored), 201)


@router.post("/import", response_model=OneCharacter, status_code=201, responses=again(OneCharacter))
async def import_character(file: Annotated[UploadFile, File()], perdure: Perdure) -> Response:
    """Take in a card (PNG, JSON, CHARX). The same file again is the same character (200)."""
    data = await file.read()
    try:
        character, avatar = await anyio.to_thread.run_sync(read_card, data, file.filename)
    except CardError as error:
        raise BadCard(error.problem, remedy=error.remedy) from error
    digest = hashlib.sha256(data).hexdigest()
    created, stored = await perdure.act(lambda r, now: _add(r, character, avatar, digest, now))
    return Json({"character": character_view(stored)}, 201 if created else 200)


@router.get("/{character_id}", response_model=CharacterOut)
async def get_character(character_id: UUID, perdure: Perdure) -> Response:
    """One character."""
    return Json(character_view(await perdure.store.read(lambda r: intake.character_of(r, str(character_id)))))


@router.patch("/{character_id}", response_model=CharacterOut)
async def change_character(character_id: UUID, body: CharacterFields, perdure: Perdure) -> Response:
    """Change plain fields; the rest of the card stays as it is."""

    def work(records: Records, now: float) -> StoredCharacter:
        stored = intake.character_of(records, str(character_id))
        changed = replace(stored, character=_revised(stored.character, _given(body)), updated_at=now)
        records.characters.change(changed)
        return changed

    return Json(character_view(await perdure.act(work)))


@router.delete("/{character_id}", status_code=204)
async def hide_character(character_id: UUID, perdure: Perdure) -> Response:
    """Take the character out of the gallery. Its chats stay, and go on."""

    def work(records: Records, now: float) -> None:
        intake.character_of(records, str(character_id))
        records.characters.hide(str(character_id), now)

    await perdure.act(work)
    return Response(status_code=204)


@router.get(
    "/{character_id}/avatar",
    responses={200: {"content": {"image/webp": {}}}, 304: {"description": "The client has it already."}},
    response_class=Response,
)
async def get_avatar(
    character_id: UUID, perdure: Perdure, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The character's picture."""
    avatar = await perdure.store.read(lambda r: r.characters.avatar(str(character_id)))
    if avatar is None:
        raise NotFound("There is no picture of this character.")
    tag = f'"{hashlib.sha256(avatar).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=300"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    return Response(avatar, headers=headers, media_type="image/webp")


@router.get(
    "/{character_id}/export",
    responses={200: {"content": {media_type: {} for media_type in _MEDIA_TYPES.values()}}},
    response_class=Response,
)
async def export_character(
    character_id: UUID,
    perdure: Perdure,
    kind: Annotated[Literal["png", "json", "charx"], Query(alias="format")] = "png",
) -> Response:
    """The whole card, as it came and with what was changed since."""

    def work(records: Records) -> tuple[StoredCharacter, bytes | None]:
        stored = intake.character_of(records, str(character_id))
        return stored, records.characters.avatar(stored.id)

    stored, avatar = await perdure.store.read(work)
    body = await anyio.to_thread.run_sync(_WRITERS[kind], stored.character, avatar)
    name = re.sub(r"[^A-Za-z0-9]+", "-", stored.character.name).strip("-").lower() or "character"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(body, headers=headers, media_type=_MEDIA_TYPES[kind])


def _add(
    records: Records, character: Character, avatar: bytes | None, digest: str | None, now: float
) -> tuple[bool, StoredCharacter]:
    known = records.characters.by_digest(digest) if digest else None
    if known is not None:
        return False, known
    stored = StoredCharacter(str(uuid4()), character, avatar is not None, digest, now, now)
    records.characters.add(stored, avatar)
    return True, stored


def _given(body: CharacterFields) -> Mapping[str, Any]:
    return body.model_dump(exclude_none=True)


def _revised(character: Character, changes: Mapping[str, Any]) -> Character:
    try:
        return revise(character, changes)
    except CardError as error:
        raise Invalid(error.problem, remedy=error.remedy) from error
