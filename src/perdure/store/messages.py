"""The trees of messages: nodes are added, never rewritten but for a reply's own end (promise 6).

A deleted message is marked, and what stands below it is not touched: the shown branch never leads through a mark, so no
page has to look for one, and deleting the first of a hundred thousand messages writes one row.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, literal, select, text, update

from perdure.core.ancestry import Node
from perdure.core.errors import PerdureError
from perdure.core.records import HiddenMessage, Message, Role, Said
from perdure.core.turn import State
from perdure.store.database import Database, Row
from perdure.store.errors import dump_error, load_error
from perdure.store.schema import ROW, messages

_MESSAGES = select(*(column for column in messages.c if column.name != "head_before"))
_NODES = select(messages.c.id, messages.c.parent_id, messages.c.depth, messages.c.jump_id)
_ADD = insert(messages)
_BY_ID = _MESSAGES.where(messages.c.id == bindparam("message"))
_NODE = _NODES.where(messages.c.id == bindparam("message"))
_OWN = messages.c.id == bindparam("message")
_SETTLE = (
    update(messages)
    .where(_OWN)
    .values(text=bindparam("new_text"), state=bindparam("new_state"), error=bindparam("new_error"))
)
_MARK = update(messages).where(_OWN).values(state=bindparam("new_state"))

_length = func.length(messages.c.text)

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
_BRANCH = _MESSAGES.join(_up, _up.c.id == messages.c.id).order_by(_up.c.depth.desc())

_SAID = (messages.c.parent_id, messages.c.role, messages.c.text, messages.c.depth)
_back = (
    select(*_SAID, literal(1).label("n"), _length.label("total"))
    .where(messages.c.id == bindparam("leaf"))
    .cte("back", recursive=True)
)
_back = _back.union_all(
    select(*_SAID, _back.c.n + 1, _back.c.total + _length).where(
        messages.c.id == _back.c.parent_id,
        _back.c.n < bindparam("most"),
        _back.c.total < bindparam("length"),
    )
)
_HISTORY = select(_back.c.role, _back.c.text, _back.c.depth).order_by(_back.c.n.desc())

_HIDE = update(messages).where(_OWN).values(hidden_at=bindparam("now"), head_before=bindparam("head"))
_HEAD_BEFORE = select(messages.c.head_before).where(_OWN)
# Written out: only a literal condition finds the index of hidden messages.
_HIDDEN = _NODES.where(messages.c.chat_id == bindparam("chat"), messages.c.hidden_at.is_not(None))
_SHOWN_IN_CHAT = (messages.c.chat_id == bindparam("chat"), messages.c.hidden_at.is_(None))
_ROOTS = select(messages.c.id).where(*_SHOWN_IN_CHAT, messages.c.parent_id.is_(None)).order_by(ROW)
_CHILDREN = text("""
    SELECT parent_id, id
      FROM messages
     WHERE chat_id = :chat AND parent_id IN (SELECT value FROM json_each(:parents)) AND hidden_at IS NULL
     ORDER BY messages.rowid
""")
_down = select(messages.c.id, ROW.label("place")).where(_OWN).cte("down", recursive=True)
_down = _down.union_all(
    select(messages.c.id, ROW.label("place")).where(*_SHOWN_IN_CHAT, messages.c.parent_id == _down.c.id)
)
_NEWEST = select(_down.c.id).order_by(_down.c.place.desc()).limit(1)

# Hidden messages of shown chats; those of hidden chats go with them.
_hidden_tree = """
    WITH RECURSIVE tree (chat_id, id) AS (
        SELECT messages.chat_id, messages.id
          FROM messages JOIN chats ON chats.id = messages.chat_id
         WHERE messages.hidden_at IS NOT NULL AND chats.hidden_at IS NULL
         UNION
        SELECT messages.chat_id, messages.id
          FROM tree JOIN messages ON messages.chat_id = tree.chat_id AND messages.parent_id = tree.id
    )
"""
_COUNT_HIDDEN = text(f"{_hidden_tree} SELECT count(*) FROM tree")
_HIDDEN_ANYWHERE = text("""
    SELECT messages.chat_id, messages.id
      FROM messages JOIN chats ON chats.id = messages.chat_id
     WHERE messages.hidden_at IS NOT NULL AND chats.hidden_at IS NULL
     LIMIT :most
""")
# An excerpt: a first line is sought in it, and a message may be long.
_HIDDEN_LATELY = text("""
    SELECT messages.id, messages.chat_id, chats.title, messages.parent_id, messages.author_name,
           substr(messages.text, 1, 160), messages.hidden_at
      FROM messages JOIN chats ON chats.id = messages.chat_id
     WHERE messages.hidden_at IS NOT NULL AND chats.hidden_at IS NULL
     ORDER BY messages.hidden_at DESC
     LIMIT :most
""")
_below = """
    WITH RECURSIVE tree (id) AS (
        SELECT :message
         UNION ALL
        SELECT messages.id
          FROM tree JOIN messages ON messages.chat_id = :chat AND messages.parent_id = tree.id
    )
"""
# The condition is inside, since the driver counts rows of what begins with DELETE only.
_PURGE_TURNS = text(f"""
    DELETE FROM turns
     WHERE id IN ({_below} SELECT messages.turn_id FROM tree JOIN messages ON messages.id = tree.id)
""")
_PURGE = text(f"DELETE FROM messages WHERE id IN ({_below} SELECT id FROM tree)")


@dataclass(frozen=True, slots=True)
class SqlMessages:
    """Messages in one transaction."""

    db: Database

    def get(self, message_id: str) -> Message | None:
        row = self.db.row(_BY_ID, message=message_id)
        return None if row is None else _message(row)

    def add(self, messages: Sequence[Message]) -> None:
        self.db.change_each(
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
                    "depth": message.depth,
                    "jump_id": message.jump_id,
                    "hidden_at": None,
                    "head_before": None,
                }
                for message in messages
            ],
        )

    def settle(self, message_id: str, text: str, state: State, error: PerdureError | None) -> None:
        self.db.change(_SETTLE, message=message_id, new_text=text, new_state=str(state), new_error=dump_error(error))

    def mark(self, message_id: str, state: State) -> None:
        self.db.change(_MARK, message=message_id, new_state=str(state))

    def branch(self, leaf_id: str, limit: int) -> Sequence[Message]:
        return [_message(row) for row in self.db.rows(_BRANCH, leaf=leaf_id, most=limit)]

    def history(self, leaf_id: str, limit: int, length: int) -> Sequence[Said]:
        rows = self.db.rows(_HISTORY, leaf=leaf_id, most=limit, length=length)
        return [Said(Role(role), text, depth) for role, text, depth in rows]

    def node(self, message_id: str) -> Node:
        row = self.db.row(_NODE, message=message_id)
        assert row is not None, "a node that others stand below is never removed before them"
        return Node(*row)

    def siblings(self, chat_id: str, parent_ids: Collection[str | None]) -> Mapping[str | None, Sequence[str]]:
        found: dict[str | None, list[str]] = defaultdict(list)
        parents = [parent_id for parent_id in parent_ids if parent_id is not None]
        if parents:
            for parent_id, message_id in self.db.rows(_CHILDREN, chat=chat_id, parents=json.dumps(parents)):
                found[parent_id].append(message_id)
        if len(parents) < len(parent_ids):
            found[None] = [message_id for (message_id,) in self.db.rows(_ROOTS, chat=chat_id)]
        return found

    def newest_within(self, chat_id: str, message_id: str) -> str:
        newest: str = self.db.value(_NEWEST, chat=chat_id, message=message_id)
        return newest

    def hidden(self, chat_id: str) -> Sequence[Node]:
        return [Node(*row) for row in self.db.rows(_HIDDEN, chat=chat_id)]

    def hide(self, message_id: str, head_before: str | None, now: float) -> None:
        self.db.change(_HIDE, message=message_id, head=head_before, now=now)

    def show(self, message_id: str) -> None:
        self.db.change(_HIDE, message=message_id, head=None, now=None)

    def head_before(self, message_id: str) -> str | None:
        head: str | None = self.db.value(_HEAD_BEFORE, message=message_id)
        return head

    def count_hidden(self) -> int:
        return int(self.db.value(_COUNT_HIDDEN))

    def hidden_lately(self, limit: int) -> Sequence[HiddenMessage]:
        return [HiddenMessage(*row) for row in self.db.rows(_HIDDEN_LATELY, most=limit)]

    def hidden_anywhere(self, limit: int) -> Sequence[tuple[str, str]]:
        return [(chat_id, message_id) for chat_id, message_id in self.db.rows(_HIDDEN_ANYWHERE, most=limit)]

    def purge(self, chat_id: str, message_id: str) -> int:
        self.db.change(_PURGE_TURNS, chat=chat_id, message=message_id)
        return self.db.change(_PURGE, chat=chat_id, message=message_id)


def _message(row: Row) -> Message:
    """A row of `_MESSAGES`: its columns stand in the table's order."""
    (
        message_id,
        chat_id,
        parent_id,
        role,
        author,
        author_name,
        text,
        state,
        turn_id,
        error,
        created_at,
        depth,
        jump_id,
        hidden_at,
    ) = row
    return Message(
        id=message_id,
        chat_id=chat_id,
        parent_id=parent_id,
        role=Role(role),
        author=author,
        author_name=author_name,
        text=text,
        created_at=created_at,
        state=State(state),
        turn_id=turn_id,
        error=load_error(error),
        depth=depth,
        jump_id=jump_id,
        hidden_at=hidden_at,
    )
