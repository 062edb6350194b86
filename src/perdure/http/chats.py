"""Chats and messages."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from perdure.core.errors import NotFound
from perdure.core.records import Chat, Message
from perdure.core.turn import Kind, State, Turn
from perdure.core.views import character_view, chat_view, message_view, turn_view
from perdure.engine import intake
from perdure.engine.intake import Accepted, NewReply
from perdure.engine.settings import persona_for
from perdure.http.problems import Json
from perdure.http.schemas.chats import (
    AcceptedOut,
    ChatsOut,
    ChatWithCharacters,
    MessagesOut,
    PatchChat,
    PutChat,
    PutMessage,
    PutTurn,
)
from perdure.http.schemas.fields import again
from perdure.http.service import Perdure
from perdure.ports.bell import Hint
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1", tags=["chats"])

Limit = Annotated[int, Query(ge=1, le=500)]


@router.put("/chats/{chat_id}", response_model=ChatWithCharacters, status_code=201, responses=again(ChatWithCharacters))
async def put_chat(chat_id: UUID, body: PutChat, perdure: Perdure) -> Response:
    """Begin a chat; its first message is the character's greeting. The same again is the same chat (200).

    Without `persona_id` the user is whoever the settings say; with null nobody in particular.
    """
    ids = [str(character_id) for character_id in body.character_ids]
    given = str(body.persona_id) if body.persona_id else None
    is_given = "persona_id" in body.model_fields_set

    def work(records: Records, now: float) -> tuple[bool, dict[str, Any]]:
        persona = given if is_given else persona_for(records, str(chat_id))
        created, chat = intake.put_chat(records, str(chat_id), ids, persona, now)
        return created, _whole(records, chat)

    created, view = await perdure.act(work, Hint.EVENTS)
    return Json(view, 201 if created else 200)


@router.get("/chats", response_model=ChatsOut)
async def list_chats(
    perdure: Perdure, limit: Limit = 100, before: Annotated[float | None, Query(allow_inf_nan=False)] = None
) -> Response:
    """The chats, last used first. `before` (Unix seconds of `updated_at`) turns the page."""
    chats = await perdure.store.read(lambda r: r.chats.listed(before, limit))
    return Json({"chats": [chat_view(chat) for chat in chats]})


@router.get("/chats/{chat_id}", response_model=ChatWithCharacters)
async def get_chat(chat_id: UUID, perdure: Perdure) -> Response:
    """One chat."""
    return Json(await perdure.store.read(lambda r: _whole(r, intake.chat_of(r, str(chat_id)))))


@router.patch("/chats/{chat_id}", response_model=ChatWithCharacters)
async def rename_chat(chat_id: UUID, body: PatchChat, perdure: Perdure) -> Response:
    """Give the chat a title."""

    def work(records: Records, _: float) -> dict[str, Any]:
        intake.chat_of(records, str(chat_id))
        records.chats.rename(str(chat_id), body.title)
        return _whole(records, intake.chat_of(records, str(chat_id)))

    return Json(await perdure.act(work))


@router.delete("/chats/{chat_id}", status_code=204)
async def hide_chat(chat_id: UUID, perdure: Perdure) -> Response:
    """Hide the chat. Nothing is erased."""

    def work(records: Records, now: float) -> None:
        intake.chat_of(records, str(chat_id))
        records.chats.hide(str(chat_id), now)

    await perdure.act(work)
    return Response(status_code=204)


@router.get("/chats/{chat_id}/messages", response_model=MessagesOut)
async def list_messages(chat_id: UUID, perdure: Perdure, before: UUID | None = None, limit: Limit = 100) -> Response:
    """The branch that is shown, oldest first: its end, or what comes before the message `before`."""

    def work(records: Records) -> list[dict[str, Any]]:
        chat = intake.chat_of(records, str(chat_id))
        leaf = chat.head_id
        if before is not None:
            message = records.messages.get(str(before))
            if message is None or message.chat_id != chat.id:
                raise NotFound("There is no message with the id `before` in this chat.")
            leaf = message.parent_id
        if leaf is None:
            return []
        return [message_view(m, text_so_far(records, m)) for m in records.messages.branch(leaf, limit)]

    return Json({"messages": await perdure.store.read(work)})


@router.put(
    "/chats/{chat_id}/messages/{message_id}", response_model=AcceptedOut, status_code=201, responses=again(AcceptedOut)
)
async def put_message(chat_id: UUID, message_id: UUID, body: PutMessage, perdure: Perdure) -> Response:
    """Say something. Answered once it is durable; the same again gets the same answer (200)."""
    parent = str(body.parent_id) if body.parent_id else None

    def work(records: Records, now: float) -> Accepted:
        settings = perdure.turn_settings(records) if body.reply else None
        return intake.put_message(records, str(chat_id), str(message_id), body.text, parent, settings, now)

    return _acknowledged(await perdure.act(work, Hint.QUEUED, Hint.EVENTS))


@router.put(
    "/chats/{chat_id}/turns/{turn_id}", response_model=AcceptedOut, status_code=201, responses=again(AcceptedOut)
)
async def put_turn(chat_id: UUID, turn_id: UUID, body: PutTurn, perdure: Perdure) -> Response:
    """Ask for a (further) reply. The same again gets the same answer (200)."""

    def work(records: Records, now: float) -> Accepted:
        reply = NewReply(str(turn_id), Kind(body.kind), str(body.parent_id), perdure.turn_settings(records))
        return intake.put_turn(records, str(chat_id), reply, now)

    return _acknowledged(await perdure.act(work, Hint.QUEUED, Hint.EVENTS))


def text_so_far(records: Records, message: Message) -> str:
    """A message's text, also while it is being written."""
    if message.state.final or message.turn_id is None:
        return message.text
    return records.turns.text(message.turn_id)


def _whole(records: Records, chat: Chat) -> dict[str, Any]:
    cast = [stored for character_id in chat.character_ids if (stored := records.characters.get(character_id))]
    shown = [character_view(stored, records.characters.use(stored.id)) for stored in cast]
    return {**chat_view(chat), "characters": shown}


def _acknowledged(accepted: Accepted) -> Response:
    body: dict[str, Any] = {"turn": _turn(accepted.turn, accepted.text) if accepted.turn else None}
    if accepted.message is not None:
        body["message"] = message_view(accepted.message)
    return Json(body, 201 if accepted.created else 200)


def _turn(turn: Turn, text: str) -> dict[str, Any]:
    assert turn.state is State.QUEUED
    return turn_view(turn, (), text)
