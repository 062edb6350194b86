"""The trees of messages: nodes are added, never rewritten but for a reply's own end (promise 6)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, literal, select, update

from perdure.core.errors import PerdureError, describe, recall
from perdure.core.records import Message, Role
from perdure.core.turn import State
from perdure.store.schema import messages

_ADD = insert(messages)
_BY_ID = select(messages).where(messages.c.id == bindparam("message"))
_OWN = messages.c.id == bindparam("message")
_SETTLE = (
    update(messages)
    .where(_OWN)
    .values(text=bindparam("new_text"), state=bindparam("new_state"), error=bindparam("new_error"))
)
_MARK = update(messages).where(_OWN).values(state=bindparam("new_state"))
_CHILDREN = select(messages).where(messages.c.parent_id == bindparam("parent")).order_by(messages.c.created_at)

_up = (
    select(messages.c.id, messages.c.parent_id, literal(0).label("depth"))
    .where(messages.c.id == bindparam("leaf"))
    .cte("up", recursive=True)
)
_up = _up.union_all(
    select(messages.c.id, messages.c.parent_id, _up.c.depth + 1).where(
        messages.c.id == _up.c.parent_id, _up.c.depth + 1 < bindparam("most")
    )
)
_BRANCH = select(messages).join(_up, _up.c.id == messages.c.id).order_by(_up.c.depth.desc())


@dataclass(frozen=True, slots=True)
class SqlMessages:
    """Messages in one transaction."""

    conn: Connection

    def get(self, message_id: str) -> Message | None:
        row = self.conn.execute(_BY_ID, {"message": message_id}).one_or_none()
        return None if row is None else _message(row)

    def add(self, messages: Sequence[Message]) -> None:
        self.conn.execute(
            _ADD,
            [
                {
                    "id": message.id,
                    "chat_id": message.chat_id,
                    "parent_id": message.parent_id,
                    "role": str(message.role),
                    "author": message.author,
                    "author_name": message.author_name,
                    "text": message.text,
                    "state": str(message.state),
                    "turn_id": message.turn_id,
                    "error": None,
                    "created_at": message.created_at,
                }
                for message in messages
            ],
        )

    def settle(self, message_id: str, text: str, state: State, error: PerdureError | None) -> None:
        self.conn.execute(
            _SETTLE,
            {
                "message": message_id,
                "new_text": text,
                "new_state": str(state),
                "new_error": None if error is None else json.dumps(describe(error)),
            },
        )

    def mark(self, message_id: str, state: State) -> None:
        self.conn.execute(_MARK, {"message": message_id, "new_state": str(state)})

    def branch(self, leaf_id: str, limit: int) -> Sequence[Message]:
        return [_message(row) for row in self.conn.execute(_BRANCH, {"leaf": leaf_id, "most": limit})]

    def children(self, parent_id: str) -> Sequence[Message]:
        return [_message(row) for row in self.conn.execute(_CHILDREN, {"parent": parent_id})]


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        chat_id=row.chat_id,
        parent_id=row.parent_id,
        role=Role(row.role),
        author=row.author,
        author_name=row.author_name,
        text=row.text,
        created_at=row.created_at,
        state=State(row.state),
        turn_id=row.turn_id,
        error=None if row.error is None else recall(json.loads(row.error)),
    )
