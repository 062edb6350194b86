"""Personas and their avatars. One that was removed stays with the chats that have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select, update

from perdure.core.records import Hidden, Persona, picture_digest
from perdure.store.database import Database, Row
from perdure.store.schema import chats, persona_avatars, personas

_COLUMNS = (
    personas.c.id,
    personas.c.name,
    personas.c.description,
    personas.c.created_at,
    personas.c.picture,
)
_OWN = personas.c.id == bindparam("persona")
_BY_ID = select(*_COLUMNS).where(_OWN)
_SHOWN_BY_ID = _BY_ID.where(personas.c.hidden_at.is_(None))
_ALL = select(*_COLUMNS).where(personas.c.hidden_at.is_(None)).order_by(personas.c.created_at, personas.c.id)
_ADD = insert(personas)
_CHANGE = (
    update(personas)
    .where(_OWN)
    .values(name=bindparam("new_name"), description=bindparam("new_description"), hidden_at=None)
)
_HIDE = update(personas).where(_OWN, personas.c.hidden_at.is_(None)).values(hidden_at=bindparam("now"))
_SHOW = update(personas).where(_OWN).values(hidden_at=None)
_HIDDEN = (
    select(personas.c.id, personas.c.name, personas.c.hidden_at)
    .where(personas.c.hidden_at.is_not(None))
    .order_by(personas.c.hidden_at.desc())
)
# Chats go on with the personas that are offered no more.
_PURGE_UNUSED = delete(personas).where(
    personas.c.hidden_at.is_not(None), ~select(chats.c.id).where(chats.c.persona_id == personas.c.id).exists()
)
_PICTURE = update(personas).where(_OWN).values(picture=bindparam("new_picture"))
_AVATAR = select(persona_avatars.c.image).where(persona_avatars.c.persona_id == bindparam("persona"))
_ADD_AVATAR = insert(persona_avatars)
_REMOVE_AVATAR = delete(persona_avatars).where(persona_avatars.c.persona_id == bindparam("persona"))


@dataclass(frozen=True, slots=True)
class SqlPersonas:
    """Personas in one transaction."""

    db: Database

    def get(self, persona_id: str) -> Persona | None:
        """The persona, removed or not: a chat goes on with it."""
        return _persona(self.db.row(_BY_ID, persona=persona_id))

    def shown(self, persona_id: str) -> Persona | None:
        """The persona, unless it was removed."""
        return _persona(self.db.row(_SHOWN_BY_ID, persona=persona_id))

    def all(self) -> Sequence[Persona]:
        return [Persona(*row) for row in self.db.rows(_ALL)]

    def put(self, persona: Persona) -> bool:
        """Add it, or change its name and description and show it again. Returns whether it is new."""
        new = {"new_name": persona.name, "new_description": persona.description}
        if self.db.change(_CHANGE, persona=persona.id, **new):
            return False
        self.db.change(
            _ADD,
            id=persona.id,
            name=persona.name,
            description=persona.description,
            created_at=persona.created_at,
            hidden_at=None,
            picture=None,
        )
        return True

    def hide(self, persona_id: str, now: float) -> None:
        self.db.change(_HIDE, persona=persona_id, now=now)

    def show(self, persona_id: str) -> None:
        self.db.change(_SHOW, persona=persona_id)

    def hidden(self) -> Sequence[Hidden]:
        return [Hidden(*row) for row in self.db.rows(_HIDDEN)]

    def purge(self) -> int:
        return self.db.change(_PURGE_UNUSED)

    def avatar(self, persona_id: str) -> bytes | None:
        avatar: bytes | None = self.db.value(_AVATAR, persona=persona_id)
        return avatar

    def set_avatar(self, persona_id: str, avatar: bytes | None) -> None:
        """Put a picture in the place of what is there; None takes it away."""
        self.db.change(_REMOVE_AVATAR, persona=persona_id)
        if avatar is not None:
            self.db.change(_ADD_AVATAR, persona_id=persona_id, image=avatar)
        self.db.change(_PICTURE, persona=persona_id, new_picture=None if avatar is None else picture_digest(avatar))


def _persona(row: Row | None) -> Persona | None:
    return None if row is None else Persona(*row)
