"""Chats, and who takes part in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from perdure.core.records import Chat, Hidden
from perdure.store.database import Database, Row
from perdure.store.schema import OPEN, characters, chat_characters, chats, drafts, messages, turns

PREVIEW_LENGTH = 160
"""Code points of the last message that the list of chats shows."""

CONDEMNED = "erased"
"""In the place of its origin: the chat is gone for everybody, and its rows go as there is time."""

_CHATS = select(
    chats.c.id,
    chats.c.title,
    chats.c.persona_id,
    chats.c.head_id,
    chats.c.origin,
    chats.c.created_at,
    chats.c.updated_at,
    chats.c.greeting,
    chats.c.begun_as,
    func.substr(messages.c.text, 1, PREVIEW_LENGTH).label("preview"),
    messages.c.author_name.label("preview_author"),
    (messages.c.depth + 1).label("messages"),
).outerjoin(messages, messages.c.id == chats.c.head_id)
# One row for each member, in one statement: a chat is looked up by every request about it.
_BY_ID = (
    _CHATS.add_columns(chat_characters.c.character_id)
    .join(chat_characters, chat_characters.c.chat_id == chats.c.id)
    .where(chats.c.id == bindparam("chat"), chats.c.hidden_at.is_(None))
    .order_by(chat_characters.c.position)
)
_TAKEN = select(chats.c.id).where(chats.c.id == bindparam("chat"))
_MEMBER = select(literal(1)).where(chat_characters.c.chat_id == chats.c.id)


def _holds(column: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the text has what is looked for in it, which is folded already."""
    return func.instr(func.folded(column), bindparam("sought")) > 0


def _listing(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Shown chats under conditions, the last used first, one row for each member."""
    page = (
        _CHATS.where(
            chats.c.origin == "chat", chats.c.hidden_at.is_(None), chats.c.updated_at < bindparam("before"), *conditions
        )
        .order_by(chats.c.updated_at.desc(), chats.c.id)
        .limit(bindparam("most"))
        .subquery("page")
    )
    return (
        select(page, chat_characters.c.character_id)
        .join(chat_characters, chat_characters.c.chat_id == page.c.id)
        .order_by(page.c.updated_at.desc(), page.c.id, chat_characters.c.position)
    )


_LISTED = _listing()
# An empty `sought` is in everything; NULL for `character` is everybody.
_FOUND = _listing(
    or_(
        _holds(chats.c.title),
        _holds(func.coalesce(func.substr(messages.c.text, 1, PREVIEW_LENGTH), "")),
        _MEMBER.where(characters.c.id == chat_characters.c.character_id, _holds(characters.c.name)).exists(),
    ),
    or_(
        bindparam("character").is_(None),
        _MEMBER.where(chat_characters.c.character_id == bindparam("character")).exists(),
    ),
)
_ADD = insert(chats)
_ADD_MEMBER = insert(chat_characters)
_OWN = chats.c.id == bindparam("chat")
_MOVE_HEAD = update(chats).where(_OWN).values(head_id=bindparam("head"), updated_at=bindparam("now"))
_DRAFT = select(drafts.c.text).where(drafts.c.chat_id == bindparam("chat"))
_ADD_DRAFT = insert(drafts)
_DROP_DRAFT = delete(drafts).where(drafts.c.chat_id == bindparam("chat"))
_SET_PERSONA = update(chats).where(_OWN).values(persona_id=bindparam("new_persona"))
_RENAME = update(chats).where(_OWN).values(title=bindparam("new_title"))
_HIDE = update(chats).where(_OWN).values(hidden_at=bindparam("now"))
_IN_TRASH = (chats.c.origin == "chat", chats.c.hidden_at.is_not(None))
_HIDDEN = select(chats.c.id, chats.c.title, chats.c.hidden_at).where(*_IN_TRASH).order_by(chats.c.hidden_at.desc())
_IS_HIDDEN = select(chats.c.id).where(_OWN, *_IN_TRASH)
_IDLE = chats.c.id.not_in(select(turns.c.chat_id).where(OPEN))
_CONDEMN = update(chats).where(*_IN_TRASH, _IDLE).values(origin=CONDEMNED)
_CONDEMN_TRANSIENT = (
    update(chats)
    .where(chats.c.origin == "openai", chats.c.updated_at < bindparam("before"), _IDLE)
    .values(origin=CONDEMNED, hidden_at=bindparam("before"))
)
_CONDEMNED = select(chats.c.id).where(chats.c.origin == CONDEMNED).limit(bindparam("most"))


def _some(table: Table) -> Delete:
    """So many rows of a chat. What the log says of them goes with the log."""
    rows: Select[Any] = select(literal_column("rowid")).select_from(table).where(table.c.chat_id == bindparam("chat"))
    return delete(table).where(literal_column("rowid").in_(rows.limit(bindparam("most"))))


_ERASE_TURNS = _some(turns)
_ERASE_MESSAGES = _some(messages)
_ERASE = delete(chats).where(_OWN)


@dataclass(frozen=True, slots=True)
class SqlChats:
    """Chats in one transaction."""

    db: Database

    def get(self, chat_id: str) -> Chat | None:
        return next(_chats(self.db.rows(_BY_ID, chat=chat_id)), None)

    def taken(self, chat_id: str) -> bool:
        """Whether the id was ever used, hidden chats included."""
        return self.db.row(_TAKEN, chat=chat_id) is not None

    def add(self, chat: Chat) -> None:
        self.db.change(
            _ADD,
            id=chat.id,
            title=chat.title,
            persona_id=chat.persona_id,
            head_id=chat.head_id,
            origin=chat.origin,
            created_at=chat.created_at,
            updated_at=chat.updated_at,
            hidden_at=None,
            greeting=chat.greeting,
            begun_as=chat.begun_as,
        )
        self.db.change_each(
            _ADD_MEMBER,
            [{"chat_id": chat.id, "position": n, "character_id": c} for n, c in enumerate(chat.character_ids)],
        )

    def listed(
        self, before: float | None, limit: int, sought: str = "", character_id: str | None = None
    ) -> Sequence[Chat]:
        place = {"before": math.inf if before is None else before, "most": limit}
        if not sought and character_id is None:
            return list(_chats(self.db.rows(_LISTED, **place)))
        return list(_chats(self.db.rows(_FOUND, sought=sought.casefold(), character=character_id, **place)))

    def move_head(self, chat_id: str, head_id: str | None, now: float) -> None:
        self.db.change(_MOVE_HEAD, chat=chat_id, head=head_id, now=now)

    def rename(self, chat_id: str, title: str) -> None:
        self.db.change(_RENAME, chat=chat_id, new_title=title)

    def hide(self, chat_id: str, now: float) -> None:
        self.db.change(_HIDE, chat=chat_id, now=now)

    def show(self, chat_id: str) -> None:
        self.db.change(_HIDE, chat=chat_id, now=None)

    def set_persona(self, chat_id: str, persona_id: str | None) -> None:
        self.db.change(_SET_PERSONA, chat=chat_id, new_persona=persona_id)

    def draft(self, chat_id: str) -> str:
        return str(self.db.value(_DRAFT, chat=chat_id) or "")

    def keep_draft(self, chat_id: str, text: str) -> None:
        self.db.change(_DROP_DRAFT, chat=chat_id)
        if text:
            self.db.change(_ADD_DRAFT, chat_id=chat_id, text=text)

    def hidden(self) -> Sequence[Hidden]:
        return [Hidden(*row) for row in self.db.rows(_HIDDEN)]

    def is_hidden(self, chat_id: str) -> bool:
        return self.db.row(_IS_HIDDEN, chat=chat_id) is not None

    def condemn(self) -> int:
        return self.db.change(_CONDEMN)

    def condemn_transient(self, before: float) -> int:
        return self.db.change(_CONDEMN_TRANSIENT, before=before)

    def erase(self, limit: int) -> int | None:
        condemned = self.db.rows(_CONDEMNED, most=limit)
        removed, left = 0, limit
        for (chat_id,) in condemned:
            left -= self.db.change(_ERASE_TURNS, chat=chat_id, most=left)
            gone = self.db.change(_ERASE_MESSAGES, chat=chat_id, most=left)
            removed, left = removed + gone, left - gone
            if not left:
                break
            left -= self.db.change(_ERASE, chat=chat_id)
        return removed if condemned else None


def _chats(rows: Iterable[Row]) -> Iterator[Chat]:
    """Rows of `_CHATS`, one for each member, those of a chat one behind the other."""
    for chat, members in groupby(rows, key=lambda row: row[:-1]):
        (
            chat_id,
            title,
            persona_id,
            head_id,
            origin,
            created_at,
            updated_at,
            greeting,
            begun_as,
            preview,
            preview_author,
            branch_length,
        ) = chat
        yield Chat(
            id=chat_id,
            title=title,
            character_ids=tuple(row[-1] for row in members),
            persona_id=persona_id,
            head_id=head_id,
            created_at=created_at,
            updated_at=updated_at,
            origin=origin,
            preview=preview or "",
            greeting=greeting,
            begun_as=begun_as,
            messages=branch_length or 0,
            preview_author=preview_author,
        )
