"""Chats, who takes part in them, and personas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from perdure.core.records import Chat, Persona
from perdure.store.schema import chat_characters, chats, events, messages, personas, turns

PREVIEW_LENGTH = 160
"""Code points of the last message that the list of chats shows."""

_WITH_PREVIEW = select(chats, func.substr(messages.c.text, 1, PREVIEW_LENGTH).label("preview")).outerjoin(
    messages, messages.c.id == chats.c.head_id
)
# One row for each member: a chat is looked up by every request about it, so it has to be one statement.
_BY_ID = (
    _WITH_PREVIEW.add_columns(chat_characters.c.character_id)
    .join(chat_characters, chat_characters.c.chat_id == chats.c.id)
    .where(chats.c.id == bindparam("chat"), chats.c.hidden_at.is_(None))
    .order_by(chat_characters.c.position)
)
_MOVE_HEAD = (
    update(chats).where(chats.c.id == bindparam("chat")).values(head_id=bindparam("head"), updated_at=bindparam("now"))
)
_MEMBERS = (
    select(chat_characters.c.chat_id, chat_characters.c.character_id)
    .where(chat_characters.c.chat_id.in_(bindparam("chats", expanding=True)))
    .order_by(chat_characters.c.chat_id, chat_characters.c.position)
)

_STILL_WRITTEN = select(turns.c.chat_id).where(turns.c.state.in_(("queued", "running")))


@dataclass(frozen=True, slots=True)
class SqlChats:
    """Chats in one transaction."""

    conn: Connection

    def get(self, chat_id: str) -> Chat | None:
        rows = self.conn.execute(_BY_ID, {"chat": chat_id}).all()
        return _chat(rows[0], [row.character_id for row in rows]) if rows else None

    def taken(self, chat_id: str) -> bool:
        """Whether the id was ever used, hidden chats included."""
        return self.conn.execute(select(chats.c.id).where(chats.c.id == chat_id)).first() is not None

    def add(self, chat: Chat) -> None:
        self.conn.execute(
            insert(chats),
            {
                "id": chat.id,
                "title": chat.title,
                "persona_id": chat.persona_id,
                "head_id": chat.head_id,
                "origin": chat.origin,
                "created_at": chat.created_at,
                "updated_at": chat.updated_at,
            },
        )
        members = [{"chat_id": chat.id, "position": n, "character_id": c} for n, c in enumerate(chat.character_ids)]
        self.conn.execute(insert(chat_characters), members)

    def listed(self, before: float | None, limit: int) -> Sequence[Chat]:
        query = _WITH_PREVIEW.where(chats.c.origin == "chat", chats.c.hidden_at.is_(None))
        if before is not None:
            query = query.where(chats.c.updated_at < before)
        return self._with_members(
            self.conn.execute(query.order_by(chats.c.updated_at.desc(), chats.c.id).limit(limit)).all()
        )

    def move_head(self, chat_id: str, head_id: str, now: float) -> None:
        self.conn.execute(_MOVE_HEAD, {"chat": chat_id, "head": head_id, "now": now})

    def rename(self, chat_id: str, title: str) -> None:
        self._change(chat_id, title=title)

    def hide(self, chat_id: str, now: float) -> None:
        self._change(chat_id, hidden_at=now)

    def purge_transient(self, before: float, limit: int) -> int:
        old = [
            row.id
            for row in self.conn.execute(
                select(chats.c.id)
                .where(chats.c.origin == "openai", chats.c.updated_at < before, chats.c.id.not_in(_STILL_WRITTEN))
                .limit(limit)
            )
        ]
        if old:
            for table in (events, turns, messages, chat_characters):
                self.conn.execute(delete(table).where(table.c.chat_id.in_(old)))
            self.conn.execute(delete(chats).where(chats.c.id.in_(old)))
        return len(old)

    def persona(self, persona_id: str) -> Persona | None:
        row = self.conn.execute(select(personas).where(personas.c.id == persona_id)).one_or_none()
        return None if row is None else _persona(row)

    def put_persona(self, persona: Persona) -> None:
        found = self.conn.execute(
            update(personas).where(personas.c.id == persona.id),
            {"name": persona.name, "description": persona.description},
        ).rowcount
        if not found:
            self.conn.execute(
                insert(personas),
                {
                    "id": persona.id,
                    "name": persona.name,
                    "description": persona.description,
                    "created_at": persona.created_at,
                },
            )

    def personas(self) -> Sequence[Persona]:
        return [_persona(row) for row in self.conn.execute(select(personas).order_by(personas.c.created_at))]

    def _change(self, chat_id: str, **values: Any) -> None:
        self.conn.execute(update(chats).where(chats.c.id == chat_id), values)

    def _with_members(self, rows: Sequence[Row[Any]]) -> Sequence[Chat]:
        members: dict[str, list[str]] = {row.id: [] for row in rows}
        if members:
            for chat_id, character_id in self.conn.execute(_MEMBERS, {"chats": list(members)}):
                members[chat_id].append(character_id)
        return [_chat(row, members[row.id]) for row in rows]


def _chat(row: Row[Any], character_ids: Sequence[str]) -> Chat:
    return Chat(
        id=row.id,
        title=row.title,
        character_ids=tuple(character_ids),
        persona_id=row.persona_id,
        head_id=row.head_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        origin=row.origin,
        preview=row.preview or "",
    )


def _persona(row: Row[Any]) -> Persona:
    return Persona(row.id, row.name, row.description, row.created_at)
