"""Backends that were added while Perdure runs. Their keys are read here and written here, and shown nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select, update

from perdure.core.records import AddedBackend
from perdure.store.database import Database
from perdure.store.schema import backends

_COLUMNS = (
    backends.c.id,
    backends.c.name,
    backends.c.url,
    backends.c.model,
    backends.c.created_at,
    backends.c.api_key,
)
_OWN = backends.c.id == bindparam("backend")
_BY_ID = select(*_COLUMNS).where(_OWN)
_ALL = select(*_COLUMNS).order_by(backends.c.created_at, backends.c.id)
_ADD = insert(backends)
_CHANGE = (
    update(backends)
    .where(_OWN)
    .values(
        name=bindparam("new_name"),
        url=bindparam("new_url"),
        model=bindparam("new_model"),
        api_key=bindparam("new_key"),
    )
)
_REMOVE = delete(backends).where(_OWN)


@dataclass(frozen=True, slots=True)
class SqlBackends:
    """Added backends in one transaction."""

    db: Database

    def get(self, backend_id: str) -> AddedBackend | None:
        row = self.db.row(_BY_ID, backend=backend_id)
        return None if row is None else AddedBackend(*row)

    def all(self) -> Sequence[AddedBackend]:
        return [AddedBackend(*row) for row in self.db.rows(_ALL)]

    def put(self, backend: AddedBackend) -> bool:
        """Add it, or change all but when it was added. Returns whether it is new."""
        if self.db.change(
            _CHANGE,
            backend=backend.id,
            new_name=backend.name,
            new_url=backend.url,
            new_model=backend.model,
            new_key=backend.api_key,
        ):
            return False
        self.db.change(
            _ADD,
            id=backend.id,
            name=backend.name,
            url=backend.url,
            model=backend.model,
            api_key=backend.api_key,
            created_at=backend.created_at,
        )
        return True

    def remove(self, backend_id: str) -> None:
        """For good, and its key with it."""
        self.db.change(_REMOVE, backend=backend_id)
