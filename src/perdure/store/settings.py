"""Settings that were made while Perdure runs: one row for each, none for what is as it was by default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select, update

from perdure.store.database import Database
from perdure.store.schema import settings

# A dozen short rows at most, all on one page: to read them all is to read one.
_ALL = select(settings.c.key, settings.c.value).order_by(settings.c.key)
_ONE = select(settings.c.value).where(settings.c.key == bindparam("setting"))
_CHANGE = (
    update(settings)
    .where(settings.c.key == bindparam("setting"))
    .values(value=bindparam("new_value"), changed_at=bindparam("now"))
)
_ADD = insert(settings)
_REMOVE = delete(settings).where(settings.c.key == bindparam("setting"))


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """Settings in one transaction. A value is anything that JSON can hold but null."""

    db: Database

    def all(self) -> Mapping[str, object]:
        return {key: json.loads(value) for key, value in self.db.rows(_ALL)}

    def get(self, key: str) -> object:
        """What was set; None where nothing was."""
        value = self.db.value(_ONE, setting=key)
        return None if value is None else json.loads(value)

    def put(self, key: str, value: object, now: float) -> None:
        said = json.dumps(value)
        if not self.db.change(_CHANGE, setting=key, new_value=said, now=now):
            self.db.change(_ADD, key=key, value=said, changed_at=now)

    def remove(self, key: str) -> None:
        self.db.change(_REMOVE, setting=key)
