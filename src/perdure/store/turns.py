"""Turns, attempts, and the text of replies. Every statement that writes for a turn has the fence in its WHERE."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, func, insert, select, text, update

from perdure.core.errors import PerdureError
from perdure.core.lease import Lease
from perdure.core.records import Append, Attempt, TurnSettings
from perdure.core.reply import Progress
from perdure.core.turn import Kind, State, Turn
from perdure.ports.store import FenceLost
from perdure.store.database import Database, Row
from perdure.store.errors import dump_error, load_error
from perdure.store.schema import OPEN, QUEUED, RUNNING, attempts, events, turn_settings, turns

_TURNS = select(*(column for column in turns.c if column.name != "text"))
_BY_ID = _TURNS.where(turns.c.id == bindparam("turn"))
_QUEUED = (
    _TURNS.where(QUEUED, turns.c.not_before <= bindparam("now")).order_by(turns.c.created_at).limit(bindparam("most"))
)
_COUNT_QUEUED = select(func.count()).where(
    QUEUED, turns.c.not_before <= bindparam("now"), turns.c.created_at < bindparam("before")
)
_RUNNING_OF = _TURNS.where(RUNNING, turns.c.lease_owner == bindparam("owner"))
# Not LIKE, to which upper and lower case are one in SQLite.
_RUNNING_OF_OTHERS = _TURNS.where(
    RUNNING,
    func.substr(turns.c.lease_owner, 1, func.length(bindparam("name")) + 1) == bindparam("name").concat(":"),
    turns.c.lease_owner != bindparam("owner"),
)
_EXPIRED = _TURNS.where(RUNNING, turns.c.lease_until <= bindparam("now"))
# Whoever takes a turn on after a long wait has the time of its own attempt.
_OWN_ATTEMPT = (attempts.c.turn_id == turns.c.id) & (attempts.c.n == turns.c.attempt)
_STUCK = _TURNS.join_from(turns, attempts, _OWN_ATTEMPT).where(
    RUNNING, turns.c.progressed_at < bindparam("before"), attempts.c.started_at < bindparam("before")
)
_WAITING = _TURNS.where(QUEUED, turns.c.progressed_at < bindparam("before"))
_UNFINISHED = _TURNS.where(turns.c.chat_id == bindparam("chat"), OPEN)
_RENEW = update(turns).where(RUNNING, turns.c.lease_owner == bindparam("owner")).values(lease_until=bindparam("until"))
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
           text = turns.text || piece.body,
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
_OWN = (turns.c.id == bindparam("turn"), turns.c.fence == bindparam("at_fence"))
_SAVE = (
    update(turns)
    .where(*_OWN)
    .values({column.name: bindparam(f"new_{column.name}") for column in turns.c if column.name not in ("id", "text")})
)
_END = _SAVE.values(text="")
_SEED = update(turns).where(*_OWN).values(text=bindparam("said"), reply_offset=bindparam("length"))
_ADD = insert(turns)
_ADD_SETTINGS = insert(turn_settings)
_SETTINGS = select(turn_settings.c.settings).where(turn_settings.c.turn_id == bindparam("turn"))
_REASONING = select(turn_settings.c.reasoning).where(turn_settings.c.turn_id == bindparam("turn"))
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
_TEXT = select(turns.c.text).where(turns.c.id == bindparam("turn"))
_FITS = select(turns.c.id).where(*_OWN, RUNNING, turns.c.reply_offset == bindparam("at_offset"))
_ATTEMPTS = (
    select(*(column for column in attempts.c if column.name != "turn_id"))
    .where(attempts.c.turn_id == bindparam("turn"))
    .order_by(attempts.c.n)
)


@dataclass(frozen=True, slots=True)
class SqlTurns:
    """Turns in one transaction."""

    db: Database

    def get(self, turn_id: str) -> Turn | None:
        row = self.db.row(_BY_ID, turn=turn_id)
        return None if row is None else _turn(row)

    def settings(self, turn_id: str) -> TurnSettings:
        loaded: TurnSettings = json.loads(self.db.value(_SETTINGS, turn=turn_id))
        return loaded

    def add(self, turn: Turn, settings: TurnSettings) -> None:
        self.db.change(_ADD, id=turn.id, text="", **_columns(turn))
        self.db.change(_ADD_SETTINGS, turn_id=turn.id, settings=json.dumps(dict(settings)), reasoning="")

    def seed_text(self, turn: Turn, text: str, now: float) -> Turn:
        if self.db.change(_SEED, turn=turn.id, at_fence=turn.fence, said=text, length=len(text)) != 1:
            raise FenceLost(turn.id)
        self.db.change(
            _DELTA,
            chat_id=turn.chat_id,
            kind="delta",
            turn_id=turn.id,
            message_id=turn.message_id,
            reply_offset=0,
            body=text,
            at=now,
        )
        return replace(turn, progress=Progress(offset=len(text)))

    def save(self, turn: Turn, fence: int) -> None:
        columns = {f"new_{name}": value for name, value in _columns(turn).items()}
        if self.db.change(_END if turn.state.final else _SAVE, turn=turn.id, at_fence=fence, **columns) != 1:
            raise FenceLost(turn.id)

    def queued(self, now: float, limit: int) -> Sequence[Turn]:
        return [_turn(row) for row in self.db.rows(_QUEUED, now=now, most=limit)]

    def count_queued(self, now: float, before: float) -> int:
        return int(self.db.value(_COUNT_QUEUED, now=now, before=before))

    def running_of(self, owner: str) -> Sequence[Turn]:
        return [_turn(row) for row in self.db.rows(_RUNNING_OF, owner=owner)]

    def running_of_others(self, name: str, incarnation: str) -> Sequence[Turn]:
        """Running turns that earlier incarnations of the worker `name` held."""
        return [_turn(row) for row in self.db.rows(_RUNNING_OF_OTHERS, name=name, owner=f"{name}:{incarnation}")]

    def expired(self, now: float) -> Sequence[Turn]:
        return [_turn(row) for row in self.db.rows(_EXPIRED, now=now)]

    def stuck(self, before: float) -> Sequence[Turn]:
        return [_turn(row) for row in self.db.rows(_STUCK, before=before)]

    def waiting_since(self, before: float) -> Sequence[Turn]:
        return [_turn(row) for row in self.db.rows(_WAITING, before=before)]

    def renew(self, owner: str, until: float) -> int:
        return self.db.change(_RENEW, owner=owner, until=until)

    def append(self, appends: Sequence[Append], now: float) -> Collection[Append]:
        if not appends:
            return ()
        lost: set[Append] = set()
        pieces = _pieces(appends)
        self.db.raw.execute("SAVEPOINT append")
        if self.db.change(_ADVANCE, pieces=pieces, now=now) != len(appends):
            self.db.raw.execute("ROLLBACK TO append")
            lost = {append for append in appends if not self._fits(append)}
            appends = [append for append in appends if append not in lost]
            pieces = _pieces(appends)
            self.db.change(_ADVANCE, pieces=pieces, now=now)
        self.db.change(_LOG, pieces=pieces, now=now)
        thoughts = [{"turn": append.turn_id, "more": append.reasoning} for append in appends if append.reasoning]
        if thoughts:
            self.db.change_each(_REASON, thoughts)
        self.db.raw.execute("RELEASE append")
        return lost

    def _fits(self, append: Append) -> bool:
        place = {"turn": append.turn_id, "at_fence": append.fence, "at_offset": append.offset}
        return self.db.row(_FITS, **place) is not None

    def text(self, turn_id: str) -> str:
        return str(self.db.value(_TEXT, turn=turn_id) or "")

    def reasoning(self, turn_id: str) -> str:
        """The backend's hidden thoughts: kept beside the text, never in it."""
        return str(self.db.value(_REASONING, turn=turn_id))

    def unfinished(self, chat_id: str) -> Sequence[Turn]:
        return [_turn(row) for row in self.db.rows(_UNFINISHED, chat=chat_id)]

    def open_attempt(self, turn_id: str, attempt: Attempt) -> None:
        self.db.change(
            _OPEN_ATTEMPT,
            turn_id=turn_id,
            n=attempt.n,
            worker=attempt.worker,
            backend=attempt.backend,
            started_at=attempt.started_at,
            ended_at=None,
            outcome=None,
            error=None,
        )

    def close_attempt(self, turn_id: str, n: int, ended_at: float, outcome: str, error: PerdureError | None) -> None:
        self.db.change(_CLOSE_ATTEMPT, turn=turn_id, number=n, at=ended_at, how=outcome, why=dump_error(error))

    def attempts(self, turn_id: str) -> Sequence[Attempt]:
        return [
            Attempt(n, worker, backend, started_at, ended_at, outcome, load_error(error))
            for n, worker, backend, started_at, ended_at, outcome, error in self.db.rows(_ATTEMPTS, turn=turn_id)
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
        "error": dump_error(turn.error),
    }


def _turn(row: Row) -> Turn:
    """A row of `_TURNS`: its columns stand in the table's order."""
    (
        turn_id,
        chat_id,
        message_id,
        parent_id,
        kind,
        state,
        fence,
        lease_owner,
        lease_until,
        reply_offset,
        tokens,
        attempt,
        deaths,
        failures,
        not_before,
        created_at,
        progressed_at,
        ended_at,
        error,
    ) = row
    return Turn(
        id=turn_id,
        chat_id=chat_id,
        message_id=message_id,
        parent_id=parent_id,
        kind=Kind(kind),
        created_at=created_at,
        progressed_at=progressed_at,
        state=State(state),
        fence=fence,
        lease=None if lease_owner is None else Lease(lease_owner, lease_until),
        progress=Progress(reply_offset, tokens),
        attempt=attempt,
        deaths=deaths,
        failures=failures,
        not_before=not_before,
        ended_at=ended_at,
        error=load_error(error),
    )
