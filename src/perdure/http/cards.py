"""Cards in and out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal
from uuid import UUID, uuid4

import anyio
from fastapi import APIRouter, File, Query, Response, UploadFile

from perdure.cards.read import read_card
from perdure.cards.write import write_charx, write_json, write_png
from perdure.core.characters import CardError, Character
from perdure.core.errors import BadCard
from perdure.core.records import StoredCharacter, picture_digest
from perdure.core.views import character_view
from perdure.engine import intake
from perdure.http.avatars import DECODING
from perdure.http.problems import Json
from perdure.http.schemas.characters import OneCharacter
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


@router.post("/import", response_model=OneCharacter, status_code=201, responses=again(OneCharacter))
async def import_character(file: Annotated[UploadFile, File()], perdure: Perdure) -> Response:
    """Take in a card (PNG, JSON, CHARX). The same file again is the same character (200)."""
    data = await file.read()
    try:
        character, avatar = await anyio.to_thread.run_sync(read_card, data, file.filename, limiter=DECODING)
    except CardError as error:
        raise BadCard(error.problem, remedy=error.remedy) from error
    digest = hashlib.sha256(data).hexdigest()
    picture = None if avatar is None else picture_digest(avatar)

    def work(records: Records, now: float) -> tuple[bool, StoredCharacter]:
        known = records.characters.by_digest(digest)
        if known is not None:
            return False, known
        stored = StoredCharacter(str(uuid4()), character, picture, digest, now, now)
        records.characters.add(stored, avatar)
        return True, stored

    created, stored = await perdure.act(work)
    use = await perdure.store.read(lambda r: r.characters.use(stored.id))
    return Json({"character": character_view(stored, use)}, 201 if created else 200)


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
