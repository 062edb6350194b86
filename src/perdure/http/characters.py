"""Characters: list, make, change, hide, and their avatars."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any
from uuid import UUID, uuid4

import anyio.to_thread
import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from perdure.core.characters import CardError, Character, revise
from perdure.core.errors import Conflict, Invalid, NotFound
from perdure.core.records import StoredCharacter, Use
from perdure.core.views import character_view
from perdure.engine import intake
from perdure.http.avatars import SHOWN, UPLOAD, Size, picture_in, picture_out
from perdure.http.problems import Json
from perdure.http.schemas.characters import CharacterFields, CharacterOut, CharactersOut, NewCharacter
from perdure.http.schemas.fields import again
from perdure.http.service import Perdure
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1/characters", tags=["characters"])


@router.get("", response_model=CharactersOut)
async def list_characters(perdure: Perdure) -> Response:
    """All characters, the oldest first, each with how much it is talked with."""

    def work(records: Records) -> list[dict[str, Any]]:
        uses = records.characters.uses()
        return [character_view(one, uses.get(one.id, Use())) for one in records.characters.all()]

    return Json({"characters": await perdure.store.read(work)})


@router.post("", response_model=CharacterOut, status_code=201, responses=again(CharacterOut))
async def create_character(body: NewCharacter, perdure: Perdure) -> Response:
    """Make a character of plain fields; only the name is needed. Under an `id` of its own the same again is the same
    character (200)."""
    if body.name is None:
        raise Invalid("name: a character needs a name")
    fields = _given(body)
    character = await _revised(Character(name=body.name), fields)
    favourite = bool(body.favourite)
    made_from = b"made of fields: " + orjson.dumps([fields, favourite], option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(made_from).hexdigest() if body.id else None

    def work(records: Records, now: float) -> tuple[bool, dict[str, Any]]:
        character_id = str(body.id or uuid4())
        if records.characters.get(character_id) is None:
            stored = StoredCharacter(character_id, character, None, digest, now, now, favourite)
            records.characters.add(stored, None)
            return True, _view(records, stored)
        known = records.characters.shown(character_id)
        if known is None:
            raise Conflict("A character with this id was deleted.")
        if known.digest != digest:
            raise Conflict("A character with this id, made of something else, exists already.")
        return False, _view(records, known)

    created, view = await perdure.act(work)
    return Json(view, 201 if created else 200)


@router.get("/{character_id}", response_model=CharacterOut)
async def get_character(character_id: UUID, perdure: Perdure) -> Response:
    """One character."""
    return Json(
        await perdure.store.read(lambda r: _view(r, intake.character_of(r, str(character_id)))),
    )


@router.patch("/{character_id}", response_model=CharacterOut)
async def change_character(character_id: UUID, body: CharacterFields, perdure: Perdure) -> Response:
    """Change plain fields; the rest of the card stays as it is. A mark as a favourite is no change of the card."""
    fields = _given(body)

    def work(records: Records, now: float, before: Character, after: Character) -> dict[str, Any] | None:
        stored = intake.character_of(records, str(character_id))
        if stored.character != before:
            return None  # somebody else has changed it meanwhile
        if fields:
            stored = replace(stored, character=after, updated_at=now)
            records.characters.change(stored)
        if body.favourite is not None:
            stored = replace(stored, favourite=body.favourite)
            records.characters.mark(stored.id, stored.favourite)
        return _view(records, stored)

    while True:
        before = (await perdure.store.read(lambda r: intake.character_of(r, str(character_id)))).character
        after = await _revised(before, fields) if fields else before
        if view := await perdure.act(partial(work, before=before, after=after)):
            return Json(view)


@router.delete("/{character_id}", status_code=204)
async def hide_character(character_id: UUID, perdure: Perdure) -> Response:
    """Take the character out of the gallery. Its chats stay, and go on. The same again changes nothing."""

    def work(records: Records, now: float) -> None:
        if records.characters.get(str(character_id)) is None:
            raise NotFound("There is no character with this id.")
        records.characters.hide(str(character_id), now)

    await perdure.act(work)
    return Response(status_code=204)


@router.get("/{character_id}/avatar", responses=SHOWN, response_class=Response)
async def get_avatar(
    character_id: UUID,
    perdure: Perdure,
    v: Annotated[str | None, Query(max_length=64)] = None,
    size: Size | None = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The character's picture. `avatar_url` holds its version as `v`: under that address it may be kept for ever.
    `size=small` is for lists: at most 256 pixels."""
    avatar = await perdure.store.read(lambda r: r.characters.avatar(str(character_id)))
    return await picture_out(avatar, v, size, if_none_match)


@router.put("/{character_id}/avatar", response_model=CharacterOut, openapi_extra=UPLOAD)
async def put_avatar(character_id: UUID, request: Request, perdure: Perdure) -> Response:
    """Give the character a picture, in the place of the one it has. It is decoded, made small and encoded anew."""
    await perdure.store.read(lambda r: intake.character_of(r, str(character_id)))
    return await _set_avatar(str(character_id), await picture_in(request), perdure)


@router.delete("/{character_id}/avatar", response_model=CharacterOut)
async def remove_avatar(character_id: UUID, perdure: Perdure) -> Response:
    """Take the character's picture away."""
    return await _set_avatar(str(character_id), None, perdure)


async def _set_avatar(character_id: str, avatar: bytes | None, perdure: Perdure) -> Response:
    def work(records: Records, now: float) -> dict[str, Any]:
        intake.character_of(records, character_id)
        records.characters.set_avatar(character_id, avatar, now)
        return _view(records, intake.character_of(records, character_id))

    return Json(await perdure.act(work))


def _view(records: Records, stored: StoredCharacter) -> dict[str, Any]:
    return character_view(stored, records.characters.use(stored.id))


def _given(body: CharacterFields) -> Mapping[str, Any]:
    return body.model_dump(exclude_none=True, exclude={"id", "favourite"})


async def _revised(character: Character, changes: Mapping[str, Any]) -> Character:
    """The character with the changes, worked out in a thread: a card may take megabytes."""
    try:
        return await anyio.to_thread.run_sync(revise, character, changes)
    except CardError as error:
        raise Invalid(error.problem, remedy=error.remedy) from error
