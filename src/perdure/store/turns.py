"""Turns, attempts, and the text of replies. Every statement that writes for a turn has the fence in its WHERE."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

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
# The fence and the offset are checked by the same statement that moves the offset on: whoever has lost the lease, or
# repeats itself, changes no row.
_ADVANCE = (
    update(turns)
    .where(
        turns.c.id == bindparam("turn"),
        turns.c.fence == bindparam("at_fence"),
        turns.c.state == "running",
        turns.c.reply_offset == bindparam("at_offset"),
    )
    .values(
        reply_offset=bindparam("new_offset"),
        tokens=turns.c.tokens + bindparam("new_tokens"),
        progressed_at=bindparam("at"),
        deaths=0,
        failures=0,
    )
)
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
        owned = turns.c.lease_owner.startswith(f"{name}:", autoescape=True)
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

    def append(self, appends: Sequence[Append], now: float) -> Collection[str]:
        advanced = self.conn.execute(
            _ADVANCE,
            [
                {
                    "turn": a.turn_id,
                    "at_fence": a.fence,
                    "at_offset": a.offset,
                    "new_offset": a.offset + len(a.text),
                    "new_tokens": a.tokens,
                    "at": now,
                }
                for a in appends
            ],
        ).rowcount
        lost = set() if advanced == len(appends) else {a.turn_id for a in appends if not self._stands(a)}
        kept = [a for a in appends if a.turn_id not in lost]
        deltas = [_delta(a.chat_id, a.turn_id, a.message_id, a.offset, a.text, now) for a in kept if a.text]
        if deltas:
            self.conn.execute(_DELTA, deltas)
        thoughts = [{"turn": a.turn_id, "more": a.reasoning} for a in kept if a.reasoning]
        if thoughts:
            self.conn.execute(_REASON, thoughts)
        return lost

    def _stands(self, append: Append) -> bool:
        """Whether this very append moved its turn on."""
        turn = self.get(append.turn_id)
        return (
            turn is not None
            and turn.state is State.RUNNING
            and turn.fence == append.fence
            and turn.progress.offset == append.offset + len(append.text)
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
