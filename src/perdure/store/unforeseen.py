"""Exceptions that nobody foresaw: a row for each group, however often it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import bindparam, delete, insert, select, update

from perdure.core.records import Unforeseen
from perdure.store.database import Database
from perdure.store.schema import unforeseen

_COLUMNS = (
    unforeseen.c.fingerprint,
    unforeseen.c.kind,
    unforeseen.c.place,
    unforeseen.c.process,
    unforeseen.c.traceback,
    unforeseen.c.error_id,
    unforeseen.c.first_at,
    unforeseen.c.last_at,
    unforeseen.c.times,
)
_OWN = unforeseen.c.fingerprint == bindparam("group")
_LATELY = select(*_COLUMNS).order_by(unforeseen.c.last_at.desc(), unforeseen.c.fingerprint).limit(bindparam("most"))
_AGAIN = (
    update(unforeseen)
    .where(_OWN)
    .values(
        process=bindparam("new_process"),
        traceback=bindparam("new_traceback"),
        error_id=bindparam("new_error_id"),
        last_at=bindparam("now"),
        times=unforeseen.c.times + 1,
    )
)
_TIMES = select(unforeseen.c.fingerprint, unforeseen.c.times)
_ADD = insert(unforeseen)
_REMOVE = delete(unforeseen).where(_OWN)


@dataclass(frozen=True, slots=True)
class SqlUnforeseen:
    """Groups of exceptions in one transaction."""

    db: Database

    def note(self, seen: Unforeseen) -> None:
        again = {"new_process": seen.process, "new_traceback": seen.traceback, "new_error_id": seen.error_id}
        if not self.db.change(_AGAIN, group=seen.fingerprint, now=seen.last_at, **again):
            self.db.change(_ADD, **asdict(seen))

    def lately(self, limit: int) -> Sequence[Unforeseen]:
        return [Unforeseen(*row) for row in self.db.rows(_LATELY, most=limit)]

    def times(self) -> Mapping[str, int]:
        return dict(self.db.rows(_TIMES))

    def remove(self, fingerprint: str) -> None:
        self.db.change(_REMOVE, group=fingerprint)
