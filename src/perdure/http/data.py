"""What is kept here: how much it is, where it lies, and all of it to take along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from starlette.responses import StreamingResponse

from perdure.engine import intake
from perdure.http import takeout
from perdure.http.problems import Json
from perdure.http.schemas.data import DataOut
from perdure.http.service import Perdure

router = APIRouter(prefix="/api/v1", tags=["data"])

_MEDIA_TYPES = {"jsonl": "application/jsonl", "txt": "text/plain"}


@router.get("/data", response_model=DataOut)
async def get_data(perdure: Perdure) -> Response:
    """The data folder, the size of the record on disk, and how much is in it."""
    counts = await perdure.store.read(lambda r: r.archive.counts())
    return Json(
        {
            "folder": str(perdure.settings.data_dir),
            "database_bytes": _size(perdure.settings.paths.database),
            "characters": counts.characters,
            "chats": counts.chats,
            "messages": counts.messages,
            "personas": counts.personas,
        }
    )


@router.get("/export", responses={200: {"content": {"application/zip": {}}}}, response_class=Response)
async def export_everything(perdure: Perdure) -> Response:
    """A ZIP archive of everything that is shown: cards, whole chats, personas, settings without keys."""
    day = datetime.fromtimestamp(perdure.clock.now()).date().isoformat()
    return _download(takeout.everything(perdure), f"perdure-{day}.zip", "application/zip")


@router.get(
    "/chats/{chat_id}/export",
    responses={200: {"content": {media_type: {} for media_type in _MEDIA_TYPES.values()}}},
    response_class=Response,
)
async def export_chat(
    chat_id: UUID, perdure: Perdure, kind: Annotated[Literal["jsonl", "txt"], Query(alias="format")] = "jsonl"
) -> Response:
    """A chat: its whole tree as JSON lines, or the branch that is shown as plain text."""
    chat = await perdure.store.read(lambda r: intake.chat_of(r, str(chat_id)))
    pieces = takeout.whole_tree(perdure, chat) if kind == "jsonl" else takeout.shown_branch(perdure, chat)
    return _download(pieces, takeout.file_name(chat, kind), _MEDIA_TYPES[kind])


def _download(pieces: AsyncIterator[bytes], name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces, headers=headers, media_type=media_type)


def _size(record: Path) -> int:
    """With what SQLite keeps beside it."""
    size = 0
    for file in (record, record.with_name(f"{record.name}-wal")):
        try:
            size += file.stat().st_size
        except OSError:
            continue
    return size
