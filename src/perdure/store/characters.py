"""Characters: the whole card as it came, and the avatar."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from perdure.core.characters import Character, parse_card, to_card
from perdure.core.records import StoredCharacter
from perdure.store.schema import characters

_COLUMNS = (
    characters.c.id,
    characters.c.card,
    characters.c.avatar.is_not(None).label("has_avatar"),
    characters.c.digest,
    characters.c.created_at,
    characters.c.updated_at,
)
_BY_ID = select(*_COLUMNS).where(characters.c.id == bindparam("character"))
_NAME = select(characters.c.name).where(characters.c.id == bindparam("character"))
_SHOWN = select(*_COLUMNS).where(characters.c.hidden_at.is_(None))


@dataclass(frozen=True, slots=True)
class SqlCharacters:
    """Characters in one transaction."""

    conn: Connection

    def get(self, character_id: str) -> StoredCharacter | None:
        """The character, hidden or not: a chat goes on with a character that was removed from the gallery."""
        row = self.conn.execute(_BY_ID, {"character": character_id}).one_or_none()
        return None if row is None else _stored(row)

    def shown(self, character_id: str) -> StoredCharacter | None:
        """The character, unless it was hidden."""
        return self._one(_SHOWN.where(characters.c.id == character_id))

    def name(self, character_id: str) -> str | None:
        return self.conn.execute(_NAME, {"character": character_id}).scalar_one_or_none()

    def by_name(self, name: str) -> StoredCharacter | None:
        """The character of that name, whatever its case; the oldest where several have it."""
        # SQLite knows the case of ASCII letters only: a name with others is found as it is written.
        named = or_(func.lower(characters.c.name) == name.lower(), characters.c.name == name)
        return self._one(_SHOWN.where(named).order_by(characters.c.created_at).limit(1))

    def by_digest(self, digest: str) -> StoredCharacter | None:
        return self._one(_SHOWN.where(characters.c.digest == digest).limit(1))

    def all(self) -> Sequence[StoredCharacter]:
        return [_stored(row) for row in self.conn.execute(_SHOWN.order_by(characters.c.created_at, characters.c.id))]

    def add(self, stored: StoredCharacter, avatar: bytes | None) -> None:
        self.conn.execute(
            insert(characters),
            {
                "id": stored.id,
                "name": stored.character.name,
                "card": _card(stored),
                "avatar": avatar,
                "digest": stored.digest,
                "created_at": stored.created_at,
                "updated_at": stored.updated_at,
            },
        )

    def change(self, stored: StoredCharacter) -> None:
        self.conn.execute(
            update(characters).where(characters.c.id == stored.id),
            {"name": stored.character.name, "card": _card(stored), "updated_at": stored.updated_at},
        )

    def avatar(self, character_id: str) -> bytes | None:
        return self.conn.execute(
            select(characters.c.avatar).where(characters.c.id == character_id)
        ).scalar_one_or_none()

    def hide(self, character_id: str, now: float) -> None:
        self.conn.execute(update(characters).where(characters.c.id == character_id), {"hidden_at": now})

    def _one(self, query: Any) -> StoredCharacter | None:
        row = self.conn.execute(query).one_or_none()
        return None if row is None else _stored(row)


def _card(stored: StoredCharacter) -> str:
    return json.dumps(to_card(stored.character), ensure_ascii=False)


@lru_cache(maxsize=256)
def _character(card: str) -> Character:
    """A stored card's character. Every turn asks for one, and reading a card takes longer than all of the SQL."""
    return parse_card(json.loads(card))


def _stored(row: Row[Any]) -> StoredCharacter:
    return StoredCharacter(
        id=row.id,
        character=_character(row.card),
        has_avatar=bool(row.has_avatar),
        digest=row.digest,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
