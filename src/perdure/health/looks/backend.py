"""How a backend is: what it says of itself, what real replies say of it, and where these differ what it says when it is
asked for a word.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from perdure.core.errors import PerdureError
from perdure.core.health import Cause, Finding, Level
from perdure.core.traffic import Traffic
from perdure.health.look import Findings

COMPONENT = "model"

PATIENCE_S = 60.0
"""As long as an attempt waits for its first token, a model that works hard may be reading a long prompt."""

Stands = Callable[[], Awaitable[Mapping[str, Any]]]
"""How the active backend stands, for people: `state`, `detail`."""

Speaks = Callable[[], Coroutine[Any, Any, PerdureError | None]]
"""Asks it for a word; returns why none came."""


class BackendLook:
    """Looks at the active backend. `traffic` is kept up to date by somebody else. `works` says whether its process
    takes the processor, as far as that can be seen from here.
    """

    def __init__(
        self,
        stands: Stands,
        speaks: Speaks,
        traffic: Traffic,
        works: Callable[[], bool],
        patience_s: float = PATIENCE_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._stands = stands
        self._speaks = speaks
        self._traffic = traffic
        self._works = works
        self._patience_s = patience_s
        self._now = now
        self._was_ready = False
        self._asking: asyncio.Task[PerdureError | None] | None = None
        self._deaf: Finding | None = None

    async def find(self) -> Findings:
        """The worst that is known of it."""
        stands = await self._stands()
        if stands["state"] == "maintenance":
            self._deaf = None
            return {COMPONENT: Finding(Level.MAINTENANCE, evidence=str(stands["detail"]))}
        if stands["state"] != "ready":
            self._deaf = None
            return {COMPONENT: self._away(stands)}
        self._was_ready = True
        now = self._now()
        self._listen(now)
        return {COMPONENT: self._deaf or self._traffic.finding(now)}

    @property
    def deaf(self) -> bool:
        """Whether it says that it is well, and answers nobody."""
        return self._deaf is not None

    def _away(self, stands: Mapping[str, Any]) -> Finding:
        said = str(stands.get("detail") or "It does not answer.")
        if stands["state"] == "loading":
            # At the start that is as it should be, and nobody's incident.
            return Finding(Level.MAJOR if self._was_ready else Level.MAINTENANCE, Cause.BACKEND_LOADING, said)
        return Finding(Level.MAJOR, Cause.BACKEND_AWAY, said)

    def _listen(self, now: float) -> None:
        """Where replies hang, ask for a word; where one comes, by whomever, it is not deaf."""
        if self._asking is not None and self._asking.done():
            asked, self._asking = self._asking, None
            problem = asked.result()
            if problem is None:
                self._hears(now)
            elif self._deaf is not None or not self._reading(now):
                said = f"It answers health checks, and no requests: {problem.detail}"
                self._deaf = Finding(Level.MAJOR, Cause.BACKEND_DEAF, said)
        if not self._traffic.suspicious(now):
            if self._traffic.spoke_at is not None and now - self._traffic.spoke_at < 1.0:
                self._hears(now)
            if self._deaf is None:
                return
        # Who reads a long prompt has its hands full, and would have to let go of what it knows of somebody else's.
        if self._asking is None and (self._deaf or not self._reading(now)):
            self._asking = asyncio.create_task(self._speaks())

    def _hears(self, now: float) -> None:
        if self._deaf is not None:
            self._deaf = None
            self._traffic.heard(now)

    def _reading(self, now: float) -> bool:
        """Whether it may well be at somebody's long prompt, in which time it says no word to others."""
        return self._works() and self._traffic.silent_s(now) < self._patience_s
