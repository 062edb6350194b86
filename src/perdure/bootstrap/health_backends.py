"""What the health process knows of backends: the active one, and those in reserve."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from perdure.bootstrap.web_backends import WebBackends
from perdure.core.errors import PerdureError, StoreFull, StoreUnavailable
from perdure.core.records import DEFAULT_BACKEND, AddedBackend
from perdure.engine import backends, orders
from perdure.health.looks.reserve import Reserve
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore

log = structlog.get_logger()

WITHIN_S = 1.0
"""How long the record may take; where it is away, what was known last is as good as anything."""


class KnownBackends:
    """The backends, as far as the record tells of them; where it is away, as it told last."""

    def __init__(self, store: SqliteStore, models: WebBackends) -> None:
        self._store = store
        self._models = models
        self._active: AddedBackend | None = None
        self._added: Sequence[AddedBackend] = ()
        self._maintained: frozenset[str] = frozenset()

    @property
    def default_is_active(self) -> bool:
        """Whether replies come from the one that Perdure was started with."""
        return self._active is None

    async def stands(self) -> Mapping[str, Any]:
        """How the active one stands, for people."""
        await self._read()
        stands = await self._models.status(self._active)
        active_id = DEFAULT_BACKEND if self._active is None else self._active.id
        return orders.told_of(stands) if active_id in self._maintained else stands

    async def hold(self, until: float | None) -> bool:
        """Have nobody ask the active one until then, or with None have it asked again; returns whether that is written
        down.
        """
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._store.write(lambda r: orders.shun(r, until, time.time()))
        except (StoreUnavailable, StoreFull, TimeoutError):
            return False
        return True

    async def speaks(self) -> PerdureError | None:
        """Ask the active one for a word."""
        return (await self._models.check(self._active)).problem

    async def in_reserve(self) -> Sequence[Reserve]:
        """Those that replies do not come from now."""
        await self._read()
        default = self._models.default
        known = [(default.id, default.name, None), *((one.id, one.name, one) for one in self._added)]
        active = None if self._active is None else self._active.id
        return [
            Reserve(backend_id, name, backend_id in self._maintained, partial(self._models.away, added))
            for backend_id, name, added in known
            if backend_id != (active or default.id)
        ]

    async def _read(self) -> None:
        def work(records: Records) -> tuple[AddedBackend | None, Sequence[AddedBackend], frozenset[str]]:
            return backends.active(records), records.backends.all(), frozenset(orders.standing(records).maintained)

        try:
            async with asyncio.timeout(WITHIN_S):
                self._active, self._added, self._maintained = await self._store.read(work)
        except (StoreUnavailable, StoreFull, TimeoutError):
            log.debug("which backends there are could not be read")
