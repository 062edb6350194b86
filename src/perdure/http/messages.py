"""Messages: pages of the branch that is shown, saying and editing, further replies, the head, deleting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from perdure.core.errors import Invalid
from perdure.core.records import Chat
from perdure.core.turn import Kind
from perdure.engine import branches, edits, intake, pages, tree
from perdure.engine.intake import Accepted, NewReply
from perdure.http.answers import acknowledged, message_now, page_now, whole_chat
from perdure.http.problems import Json
from perdure.http.schemas.chats import ChatWithCharacters
from perdure.http.schemas.fields import Limit, again
from perdure.http.schemas.messages import AcceptedOut, MessageOut, MessagesOut, PutHead, PutMessage, PutTurn
from perdure.http.service import Perdure
from perdure.ports.bell import Hint
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1/chats/{chat_id}", tags=["messages"])

Place = Annotated[UUID | None, Query(description="The id of a message of this chat.")]


@router.get("/messages", response_model=MessagesOut)
async def list_messages(
    chat_id: UUID, perdure: Perdure, before: Place = None, after: Place = None, around: Place = None, limit: Limit = 100
) -> Response:
    """The branch that is shown, oldest first: its end; what comes `before` a message, or `after` it; or what is
    `around` it, with that message in the middle.
    """
    asked = ((pages.before, before), (pages.after, after), (pages.around, around))
    given = [(page, str(place)) for page, place in asked if place is not None]
    if len(given) > 1:
        raise Invalid("before: send one of `before`, `after` and `around` at most.")

    def work(records: Records) -> dict[str, Any]:
        chat = intake.chat_of(records, str(chat_id))
        if not given:
            return page_now(records, pages.last(records, chat, limit))
        ((page, place),) = given
        return page_now(records, page(records, chat, place, limit))

    return Json(await perdure.store.read(work))


@router.get("/messages/{message_id}", response_model=MessageOut)
async def get_message(chat_id: UUID, message_id: UUID, perdure: Perdure) -> Response:
    """One message, on whichever branch it is. One that was deleted is not found."""

    def work(records: Records) -> dict[str, Any]:
        chat = intake.chat_of(records, str(chat_id))
        message = tree.shown_message(records, chat, str(message_id))
        return message_now(records, message, tree.siblings_of(records, chat, message)[message.id])

    return Json(await perdure.store.read(work))


@router.put("/messages/{message_id}", response_model=AcceptedOut, status_code=201, responses=again(AcceptedOut))
async def put_message(chat_id: UUID, message_id: UUID, body: PutMessage, perdure: Perdure) -> Response:
    """Say something, or with `beside` edit: the new message stands beside that one, with its role and author, and
    nothing is overwritten. Answered once it is durable; the same again gets the same answer (200).
    """
    chat, message = str(chat_id), str(message_id)
    perdure.door.check_pace(chat)
    parent = str(body.parent_id) if body.parent_id else None

    def work(records: Records, now: float) -> Accepted:
        settings = perdure.turn_settings(records)
        if body.beside is not None:
            reply = body.reply if "reply" in body.model_fields_set else None
            edit = edits.Edit(message, body.text, str(body.beside), reply, settings)
            return perdure.door.admit(records, edits.put_beside(records, chat, edit, now))
        wanted = settings if body.reply else None
        said = intake.put_message(records, chat, message, body.text, parent, wanted, now)
        return perdure.door.admit(records, said)

    accepted = await perdure.accept(work)
    return perdure.door.told(chat, accepted, acknowledged(accepted))


@router.delete("/messages/{message_id}", response_model=ChatWithCharacters)
async def hide_message(chat_id: UUID, message_id: UUID, perdure: Perdure) -> Response:
    """Delete a message and all below it: they are hidden, and can be brought back. Where the head was among them, it
    moves to the newest message through the nearest sibling, or else to the parent. 409 while a reply there is being
    written. The same again changes nothing.
    """
    return await _changed(perdure, lambda r, now: branches.hide(r, str(chat_id), str(message_id), now))


@router.post("/messages/{message_id}/restore", response_model=ChatWithCharacters)
async def restore_message(chat_id: UUID, message_id: UUID, perdure: Perdure) -> Response:
    """Undo a deletion; the head is where it was then. The same again changes nothing."""
    return await _changed(perdure, lambda r, now: branches.restore(r, str(chat_id), str(message_id), now))


@router.put("/head", response_model=ChatWithCharacters)
async def put_head(chat_id: UUID, body: PutHead, perdure: Perdure) -> Response:
    """Show another branch: the one that ends at the message, or with `leaf` the one that leads through it on to its
    newest descendant. A reply that is being written goes on, wherever it is.
    """
    message_id = str(body.message_id)
    return await _changed(perdure, lambda r, now: branches.put_head(r, str(chat_id), message_id, body.leaf, now))


@router.put("/turns/{turn_id}", response_model=AcceptedOut, status_code=201, responses=again(AcceptedOut))
async def put_turn(chat_id: UUID, turn_id: UUID, body: PutTurn, perdure: Perdure) -> Response:
    """Ask for a (further) reply. The same again gets the same answer (200)."""
    chat = str(chat_id)
    perdure.door.check_pace(chat)

    def work(records: Records, now: float) -> Accepted:
        reply = NewReply(str(turn_id), Kind(body.kind), str(body.parent_id), perdure.turn_settings(records))
        return perdure.door.admit(records, intake.put_turn(records, chat, reply, now))

    accepted = await perdure.accept(work)
    return perdure.door.told(chat, accepted, acknowledged(accepted))


async def _changed(perdure: Perdure, change: Callable[[Records, float], Chat]) -> Response:
    """The chat as it is behind a change."""
    return Json(await perdure.act(lambda r, now: whole_chat(r, change(r, now)), Hint.EVENTS))
