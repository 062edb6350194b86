"""What people have told the operator."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, insert, select, update

from perdure.core.records import Report
from perdure.store.database import Database, Row
from perdure.store.errors import dump_error, load_error
from perdure.store.schema import messages, reports

_COLUMNS = (
    reports.c.id,
    reports.c.chat_id,
    reports.c.message_id,
    reports.c.turn_id,
    reports.c.error,
    reports.c.attempts,
    reports.c.comment,
    reports.c.text,
    reports.c.created_at,
)
_OWN = reports.c.id == bindparam("report")
_BY_ID = select(*_COLUMNS).where(_OWN)
_LATELY = select(*_COLUMNS).order_by(reports.c.created_at.desc(), reports.c.id).limit(bindparam("most"))
_COUNT = select(func.count()).select_from(reports)
_ADD = insert(reports)
_REMOVE = delete(reports).where(_OWN)
_FORGET = (
    update(reports)
    .where(reports.c.text.is_not(None), ~select(messages.c.id).where(messages.c.id == reports.c.message_id).exists())
    .values(text=None)
)


@dataclass(frozen=True, slots=True)
class SqlReports:
    """Reports in one transaction."""

    db: Database

    def get(self, report_id: str) -> Report | None:
        row = self.db.row(_BY_ID, report=report_id)
        return None if row is None else _report(row)

    def add(self, report: Report) -> None:
        self.db.change(
            _ADD,
            id=report.id,
            chat_id=report.chat_id,
            message_id=report.message_id,
            turn_id=report.turn_id,
            error=dump_error(report.error),
            attempts=json.dumps(report.attempts),
            comment=report.comment,
            text=report.text,
            created_at=report.created_at,
        )

    def lately(self, limit: int) -> Sequence[Report]:
        return [_report(row) for row in self.db.rows(_LATELY, most=limit)]

    def count(self) -> int:
        return int(self.db.value(_COUNT))

    def remove(self, report_id: str) -> None:
        self.db.change(_REMOVE, report=report_id)

    def forget_erased(self) -> None:
        self.db.change(_FORGET)


def _report(row: Row) -> Report:
    report_id, chat_id, message_id, turn_id, error, attempts, comment, text, created_at = row
    tries = json.loads(attempts)
    return Report(report_id, chat_id, message_id, turn_id, load_error(error), tries, comment, text, created_at)
