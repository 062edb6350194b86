"""Chats, and who takes part in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import bindparam, delete, func, insert, select, update

from perdure.core.records import Chat
from perdure.store.database import Database, Row
from perdure.store.schema import OPEN, chat_characters, chats, messages, turns

PREVIEW_LENGTH = 160
"""Code points of the last message that the list of chats shows."""

_CHATS = select(
    chats.c.id,
    chats.c.title,
    chats.c.persona_id,
    chats.c.head_id,
    chats.c.origin,
    chats.c.created_at,
    chats.c.updated_at,
    func.substr(messages.c.text, 1, PREVIEW_LENGTH).label("preview"),
).outerjoin(messages, messages.c.id == chats.c.head_id)
# One row for each member, in one statement: a chat is looked up by every request about it.
_BY_ID = (
    _CHATS.add_columns(chat_characters.c.character_id)
    .join(chat_characters, chat_characters.c.chat_id == chats.c.id)
    .where(chats.c.id == bindparam("chat"), chats.c.hidden_at.is_(None))
    .order_by(chat_characters.c.position)
)
_TAKEN = select(chats.c.id).where(chats.c.id == bindparam("chat"))
_page = (
    _CHATS.where(chats.c.origin == "chat", chats.c.hidden_at.is_(None), chats.c.updated_at < bindparam("before"))
    .order_by(chats.c.updated_at.desc(), chats.c.id)
    .limit(bindparam("most"))
    .subquery("page")
)
_LISTED = (
    select(_page, chat_characters.c.character_id)
    .join(chat_characters, chat_characters.c.chat_id == _page.c.id)
    .order_by(_page.c.updated_at.desc(), _page.c.id, chat_characters.c.position)
)
_ADD = insert(chats)
_ADD_MEMBER = insert(chat_characters)
_OWN = chats.c.id == bindparam("chat")
_MOVE_HEAD = update(chats).where(_OWN).values(head_id=bindparam("head"), updated_at=bindparam("now"))
_RENAME = update(chats).where(_OWN).values(title=bindparam("new_title"))
_HIDE = update(chats).where(_OWN).values(hidden_at=bindparam("now"))
_TRANSIENT = (
    select(chats.c.id)
    .where(
        chats.c.origin == "openai",
        chats.c.updated_at < bindparam("before"),
        chats.c.id.not_in(select(turns.c.chat_id).where(OPEN)),
    )
    .limit(bindparam("most"))
)
# What the log says of them goes with the log.
_PURGE = (
    *(delete(table).where(table.c.chat_id == bindparam("chat")) for table in (turns, messages, chat_characters)),
    delete(chats).where(_OWN),
)


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
        )
        self.db.change_each(
            _ADD_MEMBER,
            [{"chat_id": chat.id, "position": n, "character_id": c} for n, c in enumerate(chat.character_ids)],
        )

    def listed(self, before: float | None, limit: int) -> Sequence[Chat]:
        return list(_chats(self.db.rows(_LISTED, before=math.inf if before is None else before, most=limit)))

    def move_head(self, chat_id: str, head_id: str, now: float) -> None:
        self.db.change(_MOVE_HEAD, chat=chat_id, head=head_id, now=now)

    def rename(self, chat_id: str, title: str) -> None:
        self.db.change(_RENAME, chat=chat_id, new_title=title)

    def hide(self, chat_id: str, now: float) -> None:
        self.db.change(_HIDE, chat=chat_id, now=now)

    def purge_transient(self, before: float, limit: int) -> int:
        old = self.db.rows(_TRANSIENT, before=before, most=limit)
        for (chat_id,) in old:
            for purge in _PURGE:
                self.db.change(purge, chat=chat_id)
        return len(old)


def _chats(rows: Iterable[Row]) -> Iterator[Chat]:
    """Rows of `_CHATS`, one for each member, those of a chat one behind the other."""
    for chat, members in groupby(rows, key=lambda row: row[:-1]):
        chat_id, title, persona_id, head_id, origin, created_at, updated_at, preview = chat
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
        )
