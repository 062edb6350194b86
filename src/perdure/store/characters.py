"""Characters: the whole card as it came, the avatar, and how much they are talked with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, or_, select, update

from perdure.core.characters import Character, parse_card, to_card
from perdure.core.records import Hidden, StoredCharacter, Use, picture_digest
from perdure.store.database import Database, Row
from perdure.store.schema import character_avatars, characters, chat_characters, chats

_COLUMNS = (
    characters.c.id,
    characters.c.card,
    characters.c.picture,
    characters.c.digest,
    characters.c.created_at,
    characters.c.updated_at,
    characters.c.favourite,
)
_OWN = characters.c.id == bindparam("character")
_SHOWN = select(*_COLUMNS).where(characters.c.hidden_at.is_(None))
_BY_ID = select(*_COLUMNS).where(_OWN)
_SHOWN_BY_ID = _SHOWN.where(_OWN)
# SQLite knows the case of ASCII letters only: a name with others is found as it is written.
_BY_NAME = (
    _SHOWN.where(or_(func.lower(characters.c.name) == bindparam("lower"), characters.c.name == bindparam("name")))
    .order_by(characters.c.created_at)
    .limit(1)
)
_BY_DIGEST = _SHOWN.where(characters.c.digest == bindparam("digest")).limit(1)
_ALL = _SHOWN.order_by(characters.c.created_at, characters.c.id)
_NAME = select(characters.c.name).where(_OWN)
_AVATAR = select(character_avatars.c.image).where(character_avatars.c.character_id == bindparam("character"))
_ADD_AVATAR = insert(character_avatars)
_REMOVE_AVATAR = delete(character_avatars).where(character_avatars.c.character_id == bindparam("character"))
_PICTURE = update(characters).where(_OWN).values(picture=bindparam("new_picture"), updated_at=bindparam("now"))
_MARK = update(characters).where(_OWN).values(favourite=bindparam("mark"))
_ADD = insert(characters)
_CHANGE = (
    update(characters)
    .where(_OWN)
    .values(name=bindparam("new_name"), card=bindparam("new_card"), updated_at=bindparam("now"))
)
_HIDE = update(characters).where(_OWN, characters.c.hidden_at.is_(None)).values(hidden_at=bindparam("now"))
_SHOW = update(characters).where(_OWN).values(hidden_at=None)
# In a group somebody may sit twice: it is one chat all the same.
_members = select(chat_characters.c.character_id, chat_characters.c.chat_id).distinct()


def _uses(members: Select[tuple[str, str]]) -> Select[Any]:
    """For each character its chats that are shown: how many, and the one used last."""
    seat = members.subquery("seat")
    latest = (chats.c.updated_at.desc(), chats.c.id)
    use = (
        select(
            seat.c.character_id,
            func.count().over(partition_by=seat.c.character_id).label("number"),
            chats.c.id.label("chat_id"),
            chats.c.updated_at,
            func.row_number().over(partition_by=seat.c.character_id, order_by=latest).label("place"),
        )
        .join(chats, chats.c.id == seat.c.chat_id)
        .where(chats.c.origin == "chat", chats.c.hidden_at.is_(None))
        .subquery("use")
    )
    return select(use.c.character_id, use.c.number, use.c.chat_id, use.c.updated_at).where(use.c.place == 1)


_USES = _uses(_members)
_USE = _uses(_members.where(chat_characters.c.character_id == bindparam("character")))
_HIDDEN = (
    select(characters.c.id, characters.c.name, characters.c.hidden_at)
    .where(characters.c.hidden_at.is_not(None))
    .order_by(characters.c.hidden_at.desc())
)
# Chats go on with the characters that were removed from the gallery.
_PURGE_UNUSED = delete(characters).where(
    characters.c.hidden_at.is_not(None),
    ~select(chat_characters.c.chat_id).where(chat_characters.c.character_id == characters.c.id).exists(),
)


MEMORABLE_CHARS = 200_000
"""A longer card is read anew each time: a card may have five million characters, and be one of hundreds."""


@dataclass(frozen=True, slots=True)
class SqlCharacters:
    """Characters in one transaction."""

    db: Database

    def get(self, character_id: str) -> StoredCharacter | None:
        """The character, hidden or not: a chat goes on with a character that was removed from the gallery."""
        return _stored(self.db.row(_BY_ID, character=character_id))

    def shown(self, character_id: str) -> StoredCharacter | None:
        """The character, unless it was hidden."""
        return _stored(self.db.row(_SHOWN_BY_ID, character=character_id))

    def name(self, character_id: str) -> str | None:
        name: str | None = self.db.value(_NAME, character=character_id)
        return name

    def by_name(self, name: str) -> StoredCharacter | None:
        """The character of that name, whatever its case; the oldest where several have it."""
        return _stored(self.db.row(_BY_NAME, name=name, lower=name.lower()))

    def by_digest(self, digest: str) -> StoredCharacter | None:
        return _stored(self.db.row(_BY_DIGEST, digest=digest))

    def all(self) -> Sequence[StoredCharacter]:
        return [stored for row in self.db.rows(_ALL) if (stored := _stored(row))]

    def add(self, stored: StoredCharacter, avatar: bytes | None) -> None:
        self.db.change(
            _ADD,
            id=stored.id,
            name=stored.character.name,
            card=_card(stored),
            digest=stored.digest,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
            hidden_at=None,
            favourite=stored.favourite,
            picture=None if avatar is None else picture_digest(avatar),
        )
        if avatar is not None:
            self.db.change(_ADD_AVATAR, character_id=stored.id, image=avatar)

    def change(self, stored: StoredCharacter) -> None:
        self.db.change(
            _CHANGE,
            character=stored.id,
            new_name=stored.character.name,
            new_card=_card(stored),
            now=stored.updated_at,
        )

    def avatar(self, character_id: str) -> bytes | None:
        avatar: bytes | None = self.db.value(_AVATAR, character=character_id)
        return avatar

    def set_avatar(self, character_id: str, avatar: bytes | None, now: float) -> None:
        """Put a picture in the place of what is there; None takes it away."""
        self.db.change(_REMOVE_AVATAR, character=character_id)
        if avatar is not None:
            self.db.change(_ADD_AVATAR, character_id=character_id, image=avatar)
        picture = None if avatar is None else picture_digest(avatar)
        self.db.change(_PICTURE, character=character_id, new_picture=picture, now=now)

    def mark(self, character_id: str, favourite: bool) -> None:
        self.db.change(_MARK, character=character_id, mark=favourite)

    def use(self, character_id: str) -> Use:
        return _use(self.db.row(_USE, character=character_id))

    def uses(self) -> Mapping[str, Use]:
        """By the ids of the characters that are talked with at all."""
        return {row[0]: _use(row) for row in self.db.rows(_USES)}

    def hide(self, character_id: str, now: float) -> None:
        self.db.change(_HIDE, character=character_id, now=now)

    def show(self, character_id: str) -> None:
        self.db.change(_SHOW, character=character_id)

    def hidden(self) -> Sequence[Hidden]:
        return [Hidden(*row) for row in self.db.rows(_HIDDEN)]

    def purge(self) -> int:
        return self.db.change(_PURGE_UNUSED)


def _card(stored: StoredCharacter) -> str:
    return json.dumps(to_card(stored.character), ensure_ascii=False)


def _character(card: str) -> Character:
    """A stored card's character."""
    return _known_character(card) if len(card) <= MEMORABLE_CHARS else parse_card(json.loads(card))


@lru_cache(maxsize=256)
def _known_character(card: str) -> Character:
    """Every turn asks for one, and reading a card takes longer than all of the SQL."""
    return parse_card(json.loads(card))


def _stored(row: Row | None) -> StoredCharacter | None:
    if row is None:
        return None
    character_id, card, picture, digest, created_at, updated_at, favourite = row
    return StoredCharacter(character_id, _character(card), picture, digest, created_at, updated_at, bool(favourite))


def _use(row: Row | None) -> Use:
    return Use() if row is None else Use(*row[1:])
