"""Turns, attempts, and the text of replies. Every statement that writes for a turn has the fence in its WHERE."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update

from perdure.core.errors import PerdureError, describe, recall
from perdure.core.lease import Lease
from perdure.core.records import Append, Attempt, TurnSettings
from perdure.core.reply import Progress
from perdure.core.turn import Kind, State, Turn
from perdure.ports.store import FenceLost
from perdure.store.schema import attempts, events, turn_settings, turns

_BY_ID = select(turns).where(turns.c.id == bindparam("turn_id"))
_QUEUED = (
    select(turns)
    .where(turns.c.state == "queued", turns.c.not_before <= bindparam("now"))
    .order_by(turns.c.created_at)
    .limit(bindparam("most"))
)
_NEXT_DUE = select(func.min(turns.c.not_before)).where(turns.c.state == "queued")
_RUNNING = select(turns).where(turns.c.state == "running")
_UNFINISHED = select(turns).where(turns.c.chat_id == bindparam("chat"), turns.c.state.in_(("queued", "running")))
_WAITING = select(turns).where(turns.c.state == "queued", turns.c.progressed_at < bindparam("before"))
_RENEW = (
    update(turns)
    .where(turns.c.state == "running", turns.c.lease_owner == bindparam("owner"))
    .values(lease_until=bindparam("until"))
)
# One statement for all streams of a worker, their pieces in one JSON parameter: the driver gives the interpreter away
# at every step, and a thousand steps would be a thousand waits for a busy event loop, with the writer's lock in hand.
_PIECES = """
    SELECT json_extract(value, '$[0]') AS turn_id, json_extract(value, '$[1]') AS fence,
           json_extract(value, '$[2]') AS at_offset, json_extract(value, '$[3]') AS new_offset,
           json_extract(value, '$[4]') AS tokens, json_extract(value, '$[5]') AS chat_id,
           json_extract(value, '$[6]') AS message_id, json_extract(value, '$[7]') AS body
      FROM json_each(:pieces)
"""
# The fence and the offset are checked by the same statement that moves the offset on: whoever has lost the lease, or
# repeats itself, changes no row. Thoughts are no progress: only a new character forgives what failed before.
# (The plus keeps the planner off the index by state.)
_ADVANCE = text(f"""
    UPDATE turns
       SET reply_offset = piece.new_offset,
           tokens = turns.tokens + piece.tokens,
           progressed_at = CASE WHEN piece.new_offset > reply_offset THEN :now ELSE progressed_at END,
           deaths = CASE WHEN piece.new_offset > reply_offset THEN 0 ELSE deaths END,
           failures = CASE WHEN piece.new_offset > reply_offset THEN 0 ELSE failures END
      FROM ({_PIECES}) AS piece
     WHERE turns.id = piece.turn_id
       AND turns.fence = piece.fence
       AND turns.reply_offset = piece.at_offset
       AND +turns.state = 'running'
""")
_LOG = text(f"""
    INSERT INTO events (chat_id, kind, turn_id, message_id, reply_offset, body, at)
    SELECT chat_id, 'delta', turn_id, message_id, at_offset, body, :now
      FROM ({_PIECES})
     WHERE body <> ''
""")
_SAVE = (
    update(turns)
    .where(turns.c.id == bindparam("turn"), turns.c.fence == bindparam("at_fence"))
    .values({column.name: bindparam(f"new_{column.name}") for column in turns.c if column.name != "id"})
)
_ADD = insert(turns)
_ADD_SETTINGS = insert(turn_settings)
_SETTINGS = select(turn_settings.c.settings).where(turn_settings.c.turn_id == bindparam("turn"))
_OPEN_ATTEMPT = insert(attempts)
_CLOSE_ATTEMPT = (
    update(attempts)
    .where(attempts.c.turn_id == bindparam("turn"), attempts.c.n == bindparam("number"))
    .values(ended_at=bindparam("at"), outcome=bindparam("how"), error=bindparam("why"))
)
_DELTA = insert(events)
_REASON = (
    update(turn_settings)
    .where(turn_settings.c.turn_id == bindparam("turn"))
    .values(reasoning=turn_settings.c.reasoning + bindparam("more"))
)
_TEXT = (
    select(events.c.body).where(events.c.turn_id == bindparam("turn"), events.c.kind == "delta").order_by(events.c.seq)
)
_LOGGED = select(events.c.seq).where(
    events.c.turn_id == bindparam("turn"), events.c.kind == "delta", events.c.reply_offset == bindparam("at_offset")
)
_ATTEMPTS = select(attempts).where(attempts.c.turn_id == bindparam("turn")).order_by(attempts.c.n)


@dataclass(frozen=True, slots=True)
class SqlTurns:
    """Turns in one transaction."""

    conn: Connection

    def get(self, turn_id: str) -> Turn | None:
        row = self.conn.execute(_BY_ID, {"turn_id": turn_id}).one_or_none()
        return None if row is None else _turn(row)

    def settings(self, turn_id: str) -> TurnSettings:
        stored = self.conn.execute(_SETTINGS, {"turn": turn_id}).scalar_one()
        loaded: TurnSettings = json.loads(stored)
        return loaded

    def add(self, turn: Turn, settings: TurnSettings) -> None:
        self.conn.execute(_ADD, {"id": turn.id, **_columns(turn)})
        self.conn.execute(_ADD_SETTINGS, {"turn_id": turn.id, "settings": json.dumps(dict(settings)), "reasoning": ""})

    def seed_text(self, turn: Turn, text: str, now: float) -> Turn:
        seeded = replace(turn, progress=Progress(offset=len(text)))
        self.save(seeded, turn.fence)
        self.conn.execute(_DELTA, [_delta(turn.chat_id, turn.id, turn.message_id, 0, text, now)])
        return seeded

    def save(self, turn: Turn, fence: int) -> None:
        changed = self.conn.execute(
            _SAVE, {"turn": turn.id, "at_fence": fence, **{f"new_{k}": v for k, v in _columns(turn).items()}}
        ).rowcount
        if changed != 1:
            raise FenceLost(turn.id)

    def queued(self, now: float, limit: int) -> Sequence[Turn]:
        return [_turn(row) for row in self.conn.execute(_QUEUED, {"now": now, "most": limit})]

    def next_due(self) -> float | None:
        return self.conn.execute(_NEXT_DUE).scalar()

    def running_of(self, owner: str) -> Sequence[Turn]:
        return [_turn(row) for row in self.conn.execute(_RUNNING.where(turns.c.lease_owner == owner))]

    def running_of_others(self, name: str, incarnation: str) -> Sequence[Turn]:
        """Running turns that earlier incarnations of the worker `name` held."""
        # Not LIKE, to which upper and lower case are one in SQLite.
        owned = func.substr(turns.c.lease_owner, 1, len(name) + 1) == f"{name}:"
        return [
            _turn(row)
            for row in self.conn.execute(_RUNNING.where(owned, turns.c.lease_owner != f"{name}:{incarnation}"))
        ]

    def expired(self, now: float) -> Sequence[Turn]:
        return [_turn(row) for row in self.conn.execute(_RUNNING.where(turns.c.lease_until <= now))]

    def waiting_since(self, before: float) -> Sequence[Turn]:
        return [_turn(row) for row in self.conn.execute(_WAITING, {"before": before})]

    def renew(self, owner: str, until: float) -> int:
        return self.conn.execute(_RENEW, {"owner": owner, "until": until}).rowcount

    def append(self, appends: Sequence[Append], now: float) -> Collection[Append]:
        if not appends:
            return ()
        advanced = self.conn.execute(_ADVANCE, {"pieces": _pieces(appends), "now": now}).rowcount
        lost = set() if advanced == len(appends) else {a for a in appends if not self._moved(a)}
        kept = [a for a in appends if a not in lost] if lost else appends
        self.conn.execute(_LOG, {"pieces": _pieces(kept), "now": now})
        thoughts = [{"turn": a.turn_id, "more": a.reasoning} for a in kept if a.reasoning]
        if thoughts:
            self.conn.execute(_REASON, thoughts)
        return lost

    def _moved(self, append: Append) -> bool:
        """Whether this very append moved its turn on: the turn stands behind it, and its text is not in the log yet."""
        turn = self.get(append.turn_id)
        place = {"turn": append.turn_id, "at_offset": append.offset}
        return (
            turn is not None
            and turn.state is State.RUNNING
            and turn.fence == append.fence
            and turn.progress.offset == append.offset + len(append.text)
            and not (append.text and self.conn.execute(_LOGGED, place).first())
        )

    def text(self, turn_id: str) -> str:
        return "".join(self.conn.execute(_TEXT, {"turn": turn_id}).scalars())

    def reasoning(self, turn_id: str) -> str:
        """The backend's hidden thoughts: kept beside the text, never in it."""
        return str(
            self.conn.execute(select(turn_settings.c.reasoning).where(turn_settings.c.turn_id == turn_id)).scalar_one()
        )

    def unfinished(self, chat_id: str) -> Sequence[Turn]:
        return [_turn(row) for row in self.conn.execute(_UNFINISHED, {"chat": chat_id})]

    def open_attempt(self, turn_id: str, attempt: Attempt) -> None:
        self.conn.execute(
            _OPEN_ATTEMPT,
            {
                "turn_id": turn_id,
                "n": attempt.n,
                "worker": attempt.worker,
                "backend": attempt.backend,
                "started_at": attempt.started_at,
            },
        )

    def close_attempt(self, turn_id: str, n: int, ended_at: float, outcome: str, error: PerdureError | None) -> None:
        self.conn.execute(
            _CLOSE_ATTEMPT,
            {"turn": turn_id, "number": n, "at": ended_at, "how": outcome, "why": _dump(error)},
        )

    def attempts(self, turn_id: str) -> Sequence[Attempt]:
        return [
            Attempt(row.n, row.worker, row.backend, row.started_at, row.ended_at, row.outcome, load_error(row.error))
            for row in self.conn.execute(_ATTEMPTS, {"turn": turn_id})
        ]


def _pieces(appends: Sequence[Append]) -> str:
    """The parameter of `_ADVANCE` and `_LOG`. Raises ValueError for a text that could not be read again.

    SQL's JSON ends a text at a NUL; a lone surrogate, if it were escaped, would make the whole log unreadable.
    """
    if any("\0" in a.text for a in appends):
        raise ValueError("a NUL in a reply")
    return json.dumps(
        [
            (a.turn_id, a.fence, a.offset, a.offset + len(a.text), a.tokens, a.chat_id, a.message_id, a.text)
            for a in appends
        ],
        ensure_ascii=False,
    )


def _delta(chat_id: str, turn_id: str, message_id: str, offset: int, text: str, now: float) -> dict[str, object]:
    return {
        "chat_id": chat_id,
        "kind": "delta",
        "turn_id": turn_id,
        "message_id": message_id,
        "reply_offset": offset,
        "body": text,
        "at": now,
    }


def _dump(error: PerdureError | None) -> str | None:
    return None if error is None else json.dumps(describe(error))


def load_error(stored: str | None) -> PerdureError | None:
    """The error kept in a column, if any."""
    return None if stored is None else recall(json.loads(stored))


def _columns(turn: Turn) -> dict[str, Any]:
    return {
        "chat_id": turn.chat_id,
        "message_id": turn.message_id,
        "parent_id": turn.parent_id,
        "kind": str(turn.kind),
        "state": str(turn.state),
        "fence": turn.fence,
        "lease_owner": turn.lease.owner if turn.lease else None,
        "lease_until": turn.lease.until if turn.lease else None,
        "reply_offset": turn.progress.offset,
        "tokens": turn.progress.tokens,
        "attempt": turn.attempt,
        "deaths": turn.deaths,
        "failures": turn.failures,
        "not_before": turn.not_before,
        "created_at": turn.created_at,
        "progressed_at": turn.progressed_at,
        "ended_at": turn.ended_at,
        "error": _dump(turn.error),
    }


def _turn(row: Row[Any]) -> Turn:
    return Turn(
        id=row.id,
        chat_id=row.chat_id,
        message_id=row.message_id,
        parent_id=row.parent_id,
        kind=Kind(row.kind),
        created_at=row.created_at,
        progressed_at=row.progressed_at,
        state=State(row.state),
        fence=row.fence,
        lease=None if row.lease_owner is None else Lease(row.lease_owner, row.lease_until),
        progress=Progress(row.reply_offset, row.tokens),
        attempt=row.attempt,
        deaths=row.deaths,
        failures=row.failures,
        not_before=row.not_before,
        ended_at=row.ended_at,
        error=load_error(row.error),
    )
