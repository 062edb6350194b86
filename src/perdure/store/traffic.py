"""What goes on, for whoever watches over it: the log with its instants, and what has become of what was in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import bindparam, case, func, select

from perdure.core.records import OpenTurn
from perdure.core.traffic import Moment
from perdure.store.database import Database, Row
from perdure.store.schema import OPEN, RUNNING, attempts, chats, events, messages, turns

_IS_TEXT = events.c.kind == "delta"
_SINCE = (
    select(
        events.c.seq,
        events.c.at,
        events.c.kind,
        events.c.chat_id,
        events.c.turn_id,
        events.c.message_id,
        # Of text only how far it goes.
        case((_IS_TEXT, None), else_=events.c.body),
        case((_IS_TEXT, events.c.reply_offset + func.length(events.c.body)), else_=0),
    )
    .where(events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
# One statement for all of them: there may be thousands.
_ASKED = func.json_each(bindparam("ids")).table_valued("value")
_LENGTHS = select(
    messages.c.id, func.max(func.length(messages.c.text), func.coalesce(turns.c.reply_offset, 0))
).select_from(
    _ASKED.join(messages, messages.c.id == _ASKED.c.value).outerjoin(turns, (turns.c.id == messages.c.turn_id) & OPEN)
)
_PEOPLE = select(func.count(func.coalesce(chats.c.persona_id, "").distinct())).select_from(
    _ASKED.join(chats, chats.c.id == _ASKED.c.value)
)
_OWN_ATTEMPT = (attempts.c.turn_id == turns.c.id) & (attempts.c.n == turns.c.attempt)
_OPEN = (
    select(
        turns.c.id,
        turns.c.chat_id,
        chats.c.title,
        case((RUNNING, attempts.c.worker)),
        case((RUNNING, attempts.c.started_at), else_=turns.c.created_at),
        turns.c.reply_offset,
    )
    .select_from(turns.join(chats, chats.c.id == turns.c.chat_id).outerjoin(attempts, _OWN_ATTEMPT))
    .where(OPEN)
    .order_by(turns.c.state.desc(), turns.c.created_at)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class SqlTraffic:
    """The traffic in one transaction."""

    db: Database

    def since(self, seq: int, limit: int) -> Sequence[Moment]:
        return [_moment(row) for row in self.db.rows(_SINCE, after=seq, most=limit)]

    def open_turns(self, limit: int) -> Sequence[OpenTurn]:
        return [OpenTurn(*row) for row in self.db.rows(_OPEN, most=limit)]

    def lengths(self, message_ids: Collection[str]) -> Mapping[str, int]:
        ids = orjson.dumps(list(message_ids)).decode()
        return dict(self.db.rows(_LENGTHS, ids=ids))

    def people(self, chat_ids: Collection[str]) -> int:
        return int(self.db.value(_PEOPLE, ids=orjson.dumps(list(chat_ids)).decode()))


def _moment(row: Row) -> Moment:
    seq, at, kind, chat_id, turn_id, message_id, body, upto = row
    return Moment(seq, at, kind, chat_id, turn_id, message_id, None if body is None else orjson.loads(body), upto)
