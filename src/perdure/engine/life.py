"""Apply an event to a turn and record everything that comes of it, in the caller's transaction.

This is the only way in which a turn changes its state: whoever acts on a turn (intake, worker, reaper) comes by here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import orjson
import structlog

from perdure.core.records import Attempt, News
from perdure.core.turn import CloseAttempt, Event, OpenAttempt, Settle, Turn, WorkerLost, advance
from perdure.core.views import turn_view
from perdure.engine.identity import derived_id
from perdure.ports.store import Records

log = structlog.get_logger()


def apply(records: Records, turn: Turn, event: Event, now: float) -> Turn:
    """The turn after `event`.

    Raises NotPossible where the state does not allow it, and FenceLost where the turn has moved on since it was read.
    """
    after, effects = advance(turn, event, now)
    text = reply_text(records, turn)
    if after.error is not None:
        after.error.error_id = after.error.error_id or derived_id(turn.id, "end")
    records.turns.save(after, turn.fence)
    for effect in effects:
        match effect:
            case OpenAttempt(n, worker, backend):
                records.turns.open_attempt(turn.id, Attempt(n, worker, backend, now, None, None))
            case CloseAttempt(n, outcome, error):
                records.turns.close_attempt(turn.id, n, now, outcome, error)
            case Settle():
                records.messages.settle(turn.message_id, text, after.state, after.error)
            case _:
                assert_never(effect)
    if not after.state.final:
        records.messages.mark(turn.message_id, after.state)
    attempts = records.turns.attempts(turn.id)
    records.events.add([turn_news(after, attempts, text)], now)
    _log(after, event, attempts)
    return after


def _log(turn: Turn, event: Event, attempts: Sequence[Attempt]) -> None:
    """What an operator will look for later. Whoever logs it may be another worker than the one whose attempt it was."""
    about = {"turn": turn.id, "attempt": turn.attempt, "worker": attempts[-1].worker if attempts else None}
    if isinstance(event, WorkerLost):
        log.warning("a reply has lost its worker", outcome=event.outcome, **about)
    if turn.error is not None:
        log.warning("a reply was given up", error_id=turn.error.error_id, code=turn.error.code, **about)


def turn_news(turn: Turn, attempts: Sequence[Attempt], text: str) -> News:
    """How the turn stands, for the log."""
    body = orjson.dumps(turn_view(turn, attempts, text)).decode()
    return News(turn.chat_id, "turn", body, turn.id, turn.message_id)


def reply_text(records: Records, turn: Turn) -> str:
    """The reply's text as far as it is there, whether its turn has ended or not."""
    if turn.state.final:
        message = records.messages.get(turn.message_id)
        return message.text if message else ""
    return records.turns.text(turn.id) if turn.progress.offset else ""
