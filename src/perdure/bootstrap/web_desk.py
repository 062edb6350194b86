"""How a web process asks the supervisor and the health process: over their sockets in the data folder."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from perdure.bootstrap.health_news import inform
from perdure.bootstrap.usage import Usage
from perdure.config import Settings
from perdure.core.errors import DeskUnavailable, Invalid, NotFound
from perdure.http.known_health import KnownHealth
from perdure.supervise import control
from perdure.supervise.errors import ControlError, RequestRefusedError

log = structlog.get_logger()

WITHIN_S = 3.0
AGAIN_S = 1.0
_DRILL = {"state", "by", "at", "begun_at", "kills", "struck", "doing"}
"""What a drill has always told of itself."""

MOST = 1000
"""Acts that wait to be written down: while the health process is away, nobody does more than that."""


class WebDesk:
    """Fulfils `perdure.ports.desk.Desk`. `name` is this process's own."""

    def __init__(self, settings: Settings, name: str, health: KnownHealth) -> None:
        self._paths = settings.paths
        self._settings = settings
        self._health = health
        self._usage = Usage(time.monotonic)
        self._alone = {"name": name, "role": "web", "pid": os.getpid(), "state": "running", "restarts": 0, "deaths": 0}
        self._alone |= {"since": time.time(), "silent": False, "needs_operator": False, "last_exit": None}
        self._unkept: deque[str] = deque(maxlen=MOST)
        self._more = asyncio.Event()

    async def processes(self) -> Sequence[Mapping[str, Any]]:
        """What runs, and what it uses."""
        try:
            rows: list[dict[str, Any]] = [dict(row) for row in await control.processes_async(self._paths.control)]
        except ControlError:
            rows = [self._alone]
        self._usage.forget_all_but({row["pid"] for row in rows if row["pid"] is not None})
        return [{**row, **self._used(row["pid"])} for row in rows]

    async def restart(self, name: str) -> None:
        """Have a process restarted."""
        try:
            await self._ask("restart " + name, supervisor=True)
        except Invalid as refused:
            raise NotFound(refused.detail) from refused

    async def act(self, asked: Mapping[str, Any]) -> str:
        """Have the health process act, and hear what has come of it."""
        done = await self._ask("act " + json.dumps(asked))
        await inform(self._settings, self._health)
        return str(done["id"])

    async def drill(self) -> Mapping[str, Any] | None:
        """The drill's own account of itself."""
        try:
            told = json.loads(self._paths.drill.read_bytes())
        except (OSError, ValueError):
            return None
        return told if isinstance(told, dict) and told.keys() >= _DRILL else None

    def remember(self, by: str, via: str, what: str) -> None:
        """Told to the log at once, and to the health process as soon as it answers."""
        log.info("an operator has acted", by=by, via=via, act=what)
        self._unkept.append("act " + json.dumps({"kind": "did", "by": by, "via": via, "what": what}))
        self._more.set()

    async def acts(self, limit: int) -> Sequence[tuple[float, str, str]]:
        """What was done."""
        return [(at, by, act) for at, by, act in (await self._ask(f"acts {limit}"))["acts"]]

    async def load(self, step_s: int) -> Sequence[Mapping[str, Any]]:
        """Load and latency."""
        samples: Sequence[Mapping[str, Any]] = (await self._ask(f"load {step_s}"))["samples"]
        return samples

    async def run(self) -> None:
        """Have written down what is to be remembered; cancel to end."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._unkept:
                try:
                    await self._ask(self._unkept[0])
                except DeskUnavailable:
                    await asyncio.sleep(AGAIN_S)
                    continue
                except Invalid as refused:
                    log.error("what an operator has done could not be written down", reason=refused.detail)
                self._unkept.popleft()

    def _used(self, pid: int | None) -> dict[str, Any]:
        if pid is None:
            return {"memory_bytes": None, "cpu": None}
        return {"memory_bytes": self._usage.memory_bytes(pid), "cpu": self._usage.cpu(pid)}

    async def _ask(self, request: str, *, supervisor: bool = False) -> Any:
        try:
            path = self._paths.control if supervisor else self._paths.desk
            return await control.ask_async(path, request, WITHIN_S)
        except RequestRefusedError as refused:
            raise Invalid(refused.detail) from refused
        except ControlError as error:
            raise DeskUnavailable from error
