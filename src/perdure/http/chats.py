"""Chats."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from perdure.core.views import chat_view
from perdure.engine import intake
from perdure.engine.settings import persona_for
from perdure.http.answers import whole_chat
from perdure.http.problems import Json
from perdure.http.schemas.chats import ChatsOut, ChatWithCharacters, OneChat, PatchChat, PutChat, PutDraft
from perdure.http.schemas.fields import Limit, Text, again
from perdure.http.service import Perdure
from perdure.ports.bell import Hint
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1", tags=["chats"])


@router.put("/chats/{chat_id}", response_model=ChatWithCharacters, status_code=201, responses=again(ChatWithCharacters))
async def put_chat(chat_id: UUID, body: PutChat, perdure: Perdure) -> Response:
    """Begin a chat with the first character's greetings, one of them shown. The same again is the same chat (200).

    Without `persona_id` the user is whoever the settings say; with null nobody in particular.
    """
    ids = [str(character_id) for character_id in body.character_ids]
    given = str(body.persona_id) if body.persona_id else None
    is_given = "persona_id" in body.model_fields_set

    def work(records: Records, now: float) -> tuple[bool, dict[str, Any]]:
        persona = given if is_given else persona_for(records, str(chat_id))
        created, chat = intake.put_chat(records, str(chat_id), ids, persona, now, greeting=body.greeting)
        return created, whole_chat(records, chat)

    created, view = await perdure.act(work, Hint.EVENTS, Hint.OPENED)
    return Json(view, 201 if created else 200)


@router.get("/chats", response_model=ChatsOut)
async def list_chats(
    perdure: Perdure,
    limit: Limit = 100,
    before: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    q: Annotated[Text, Query(max_length=200)] = "",
    character_id: UUID | None = None,
) -> Response:
    """The chats, last used first. `before` (Unix seconds of `updated_at`) turns the page; `q` is looked for in titles,
    previews and the characters' names, in any case; `character_id` asks for the chats with one character.
    """
    character = str(character_id) if character_id else None
    chats = await perdure.store.read(lambda r: r.chats.listed(before, limit, q.strip(), character))
    return Json({"chats": [chat_view(chat) for chat in chats]})


@router.get("/chats/{chat_id}", response_model=OneChat)
async def get_chat(chat_id: UUID, perdure: Perdure) -> Response:
    """One chat, with what is being written."""

    def work(records: Records) -> dict[str, Any]:
        chat = intake.chat_of(records, str(chat_id))
        return {**whole_chat(records, chat), "draft": records.chats.draft(chat.id)}

    return Json(await perdure.store.read(work))


@router.patch("/chats/{chat_id}", response_model=ChatWithCharacters)
async def change_chat(chat_id: UUID, body: PatchChat, perdure: Perdure) -> Response:
    """Give the chat another title, or let the user be somebody else in it; what was said stays as it was said."""
    persona = str(body.persona_id) if body.persona_id else None

    def work(records: Records, _: float) -> dict[str, Any]:
        chat = intake.chat_of(records, str(chat_id))
        if body.title is not None:
            records.chats.rename(chat.id, body.title)
        if "persona_id" in body.model_fields_set:
            if persona is not None:
                intake.persona_of(records, persona)
            records.chats.set_persona(chat.id, persona)
        return whole_chat(records, intake.chat_of(records, chat.id))

    return Json(await perdure.act(work))


@router.put("/chats/{chat_id}/draft", status_code=204)
async def put_draft(chat_id: UUID, body: PutDraft, perdure: Perdure) -> Response:
    """Keep what is being written, until another text takes its place; an empty one is none. Sending leaves it alone."""

    def work(records: Records, _: float) -> None:
        records.chats.keep_draft(intake.chat_of(records, str(chat_id)).id, body.text)

    await perdure.act(work)
    return Response(status_code=204)


@router.delete("/chats/{chat_id}", status_code=204)
async def hide_chat(chat_id: UUID, perdure: Perdure) -> Response:
    """Hide the chat. Nothing is erased. The same again changes nothing."""

    def work(records: Records, now: float) -> None:
        if not records.chats.is_hidden(str(chat_id)):
            intake.chat_of(records, str(chat_id))
            records.chats.hide(str(chat_id), now)

    await perdure.act(work)
    return Response(status_code=204)
