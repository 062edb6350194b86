"""Records as clients see them: the JSON objects of the HTTP contract, in answers and in events alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from perdure.core.characters import tagline
from perdure.core.errors import Fault, PerdureError, describe
from perdure.core.estimate import Estimate, in_words
from perdure.core.records import (
    Attempt,
    Chat,
    Hidden,
    HiddenMessage,
    Message,
    Persona,
    Report,
    StoredCharacter,
    Unforeseen,
    Use,
)
from perdure.core.turn import State, Turn


def instant(at: float | None) -> str | None:
    """Unix seconds as ISO 8601 in UTC, to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error_view(error: PerdureError | None) -> dict[str, Any] | None:
    """An error as it stands on a message, a turn or an attempt."""
    return None if error is None else describe(error)


def message_view(message: Message, text: str | None = None, siblings: Sequence[str] | None = None) -> dict[str, Any]:
    """A message; `text` replaces its own where the reply is still being written.

    `siblings` are left out in the log: what stands there is true for ever, and a message gets new ones.
    """
    return {
        "id": message.id,
        "chat_id": message.chat_id,
        "parent_id": message.parent_id,
        "siblings": None if siblings is None else list(siblings),
        "depth": message.depth,
        "role": str(message.role),
        "author": message.author_name,
        "text": message.text if text is None else text,
        "created_at": instant(message.created_at),
        "turn_id": message.turn_id,
        "state": str(message.state),
        "error": error_view(message.error),
    }


def turn_view(turn: Turn, attempts: Sequence[Attempt], text: str) -> dict[str, Any]:
    """A turn with its attempts and its text so far."""
    last = attempts[-1].error if attempts and turn.state is State.QUEUED else None
    waits = last is not None and last.fault in (Fault.MODEL, Fault.NETWORK)
    return {
        "id": turn.id,
        "chat_id": turn.chat_id,
        "message_id": turn.message_id,
        "parent_id": turn.parent_id,
        "kind": str(turn.kind),
        "state": str(turn.state),
        "text": text,
        "offset": len(text),
        "waiting_for": "model" if waits else None,
        "trouble": error_view(last),
        "retry_at": None if last is None or last.away else instant(turn.not_before),
        "created_at": instant(turn.created_at),
        "ended_at": instant(turn.ended_at),
        "attempts": attempt_views(attempts),
        "error": error_view(turn.error),
    }


def left_view(left: Estimate | None) -> dict[str, Any] | None:
    """How long something still lasts; None where nothing is known."""
    if left is None:
        return None
    return {"median_s": left.median_s, "low_s": left.low_s, "high_s": left.high_s, "text": in_words(left)}


def attempt_views(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """The tries at a turn, oldest first."""
    return [
        {
            "n": attempt.n,
            "worker": attempt.worker,
            "backend": attempt.backend,
            "started_at": instant(attempt.started_at),
            "ended_at": instant(attempt.ended_at),
            "outcome": attempt.outcome,
        }
        for attempt in attempts
    ]


def report_view(report: Report) -> dict[str, Any]:
    """What somebody reported."""
    return {
        "id": report.id,
        "chat_id": report.chat_id,
        "message_id": report.message_id,
        "turn_id": report.turn_id,
        "error": error_view(report.error),
        "attempts": list(report.attempts),
        "comment": report.comment,
        "text": report.text,
        "created_at": instant(report.created_at),
    }


def unforeseen_view(seen: Unforeseen) -> dict[str, Any]:
    """A group of exceptions."""
    return {**asdict(seen), "first_at": instant(seen.first_at), "last_at": instant(seen.last_at)}


def chat_view(chat: Chat) -> dict[str, Any]:
    """A chat, without its messages."""
    return {
        "id": chat.id,
        "title": chat.title,
        "character_ids": list(chat.character_ids),
        "persona_id": chat.persona_id,
        "head_id": chat.head_id,
        "created_at": instant(chat.created_at),
        "updated_at": instant(chat.updated_at),
        "messages": chat.messages,
        "preview": chat.preview,
        "preview_author": chat.preview_author,
    }


def hidden_view(hidden: Hidden, name: str) -> dict[str, Any]:
    """Something in the trash; `name` is what its name is called."""
    return {"id": hidden.id, name: hidden.name, "hidden_at": instant(hidden.hidden_at)}


def hidden_message_view(hidden: HiddenMessage) -> dict[str, Any]:
    """A message in the trash, with its first line."""
    return {
        "id": hidden.id,
        "chat_id": hidden.chat_id,
        "chat_title": hidden.chat_title,
        "author": hidden.author_name,
        "text": hidden.text.strip().partition("\n")[0],
        "hidden_at": instant(hidden.hidden_at),
    }


def persona_view(persona: Persona) -> dict[str, Any]:
    """A persona."""
    return {
        "id": persona.id,
        "name": persona.name,
        "description": persona.description,
        "avatar_url": _picture_url("personas", persona.id, persona.picture),
        "created_at": instant(persona.created_at),
    }


def character_view(stored: StoredCharacter, use: Use) -> dict[str, Any]:
    """A character's plain fields, and how it is used."""
    who = stored.character
    return {
        "id": stored.id,
        "name": who.name,
        "tagline": tagline(who),
        "description": who.description,
        "personality": who.personality,
        "scenario": who.scenario,
        "first_mes": who.first_mes,
        "alternate_greetings": list(who.alternate_greetings),
        "mes_example": who.mes_example,
        "system_prompt": who.system_prompt,
        "post_history_instructions": who.post_history_instructions,
        "creator_notes": who.creator_notes,
        "creator": who.creator,
        "character_version": who.character_version,
        "tags": list(who.tags),
        "avatar_url": _picture_url("characters", stored.id, stored.picture),
        "favourite": stored.favourite,
        "chats": use.chats,
        "last_chat_at": instant(use.last_chat_at),
        "last_chat_id": use.last_chat_id,
        "created_at": instant(stored.created_at),
        "updated_at": instant(stored.updated_at),
    }


def _picture_url(kind: str, owner_id: str, picture: str | None) -> str | None:
    """Where an avatar is: another picture has another address, so that each may be kept for long."""
    return None if picture is None else f"/api/v1/{kind}/{owner_id}/avatar?v={picture}"
