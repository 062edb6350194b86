"""The log that clients follow: one sequence over all chats, in the order of the commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, text

from perdure.core.records import Event, News
from perdure.store.schema import events, turns

_COLUMNS = (
    events.c.seq,
    events.c.chat_id,
    events.c.kind,
    events.c.turn_id,
    events.c.message_id,
    events.c.reply_offset,
    events.c.body,
)
_AFTER = select(*_COLUMNS).where(events.c.seq > bindparam("after")).order_by(events.c.seq).limit(bindparam("most"))
_OF_CHAT = _AFTER.where(events.c.chat_id == bindparam("chat"))
_ADD = insert(events)
_FIRST = select(func.min(events.c.seq))
_FIRST_NEEDED = select(func.min(events.c.seq)).where(
    events.c.kind == "delta",
    events.c.turn_id.in_(select(turns.c.id).where(turns.c.state.in_(("queued", "running")))),
)
# AUTOINCREMENT keeps the highest number ever given out, also when the rows behind it are gone.
_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = 'events'")


@dataclass(frozen=True, slots=True)
class SqlEvents:
    """Events in one transaction."""

    conn: Connection

    def add(self, news: Sequence[News], now: float) -> None:
        self.conn.execute(
            _ADD,
            [
                {
                    "chat_id": one.chat_id,
                    "kind": one.kind,
                    "turn_id": one.turn_id,
                    "message_id": one.message_id,
                    "reply_offset": 0,
                    "body": one.body,
                    "at": now,
                }
                for one in news
            ],
        )

    def after(self, seq: int, limit: int) -> Sequence[Event]:
        return [_event(row) for row in self.conn.execute(_AFTER, {"after": seq, "most": limit})]

    def of_chat(self, chat_id: str, after: int, limit: int) -> Sequence[Event]:
        return [_event(row) for row in self.conn.execute(_OF_CHAT, {"chat": chat_id, "after": after, "most": limit})]

    def bounds(self) -> tuple[int, int]:
        last = self.conn.execute(_LAST).scalar() or 0
        first = self.conn.execute(_FIRST).scalar()
        return (last if first is None else first - 1), last

    def prune(self, before: float, limit: int) -> int:
        """Forget the oldest events, as long as they are older than `before`; returns how many.

        Only from the beginning of the log, so that whatever is behind the lower bound can still be replayed without a
        gap; and never what a turn that has not ended has said: its text is nowhere else.
        """
        needed = self.conn.execute(_FIRST_NEEDED).scalar()
        oldest = self.conn.execute(select(events.c.seq, events.c.at).order_by(events.c.seq).limit(limit)).all()
        old = [
            row.seq for row in takewhile(lambda row: row.at < before and (needed is None or row.seq < needed), oldest)
        ]
        if not old:
            return 0
        return self.conn.execute(delete(events).where(events.c.seq <= max(old))).rowcount


def _event(row: Row[*tuple[Any, ...]]) -> Event:
    seq, chat_id, kind, turn_id, message_id, offset, body = row
    return Event(seq, chat_id, kind, turn_id, message_id, offset, body)
