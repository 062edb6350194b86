"""Answers that several handlers give: a chat with its people, a message as it stands, what was accepted."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from perdure.core.records import Chat, Message
from perdure.core.turn import State, Turn
from perdure.core.views import character_view, chat_view, message_view, turn_view
from perdure.engine.intake import Accepted
from perdure.engine.pages import Page
from perdure.http.problems import Json
from perdure.ports.store import Records


def whole_chat(records: Records, chat: Chat) -> dict[str, Any]:
    """A chat and who takes part in it."""
    cast = [stored for character_id in chat.character_ids if (stored := records.characters.get(character_id))]
    shown = [character_view(stored, records.characters.use(stored.id)) for stored in cast]
    return {**chat_view(chat), "characters": shown}


def message_now(records: Records, message: Message, siblings: list[str]) -> dict[str, Any]:
    """A message as it stands, also while it is being written."""
    return message_view(message, text_so_far(records, message), siblings)


def page_now(records: Records, page: Page) -> dict[str, Any]:
    """A page of a branch."""
    return {
        "messages": [message_now(records, message, page.siblings[message.id]) for message in page.messages],
        "has_before": page.has_before,
        "has_after": page.has_after,
        "total": page.total,
    }


def acknowledged(accepted: Accepted) -> Response:
    """What was accepted, as it was accepted."""
    body: dict[str, Any] = {"turn": _turn(accepted.turn, accepted.text) if accepted.turn else None}
    if accepted.message is not None:
        body["message"] = message_view(accepted.message)
    return Json(body, 201 if accepted.created else 200)


def text_so_far(records: Records, message: Message) -> str:
    """A message's text, also while it is being written."""
    if message.state.final or message.turn_id is None:
        return message.text
    return records.turns.text(message.turn_id)


def _turn(turn: Turn, text: str) -> dict[str, Any]:
    assert turn.state is State.QUEUED
    return turn_view(turn, (), text)
