"""What the health process knows of processes, and asks of the supervisor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from perdure.health.looks.processes import ProcessesLook, Row
from perdure.supervise import control
from perdure.supervise.errors import ControlError

log = structlog.get_logger()

WRITERS = ("web", "worker")
"""The roles of those that write the record, beside the health process."""


class KnownProcesses:
    """The processes of the supervisor that listens at `path`; `component` tells which component one is."""

    def __init__(self, path: Path, component: Callable[[Row], str]) -> None:
        self._path = path
        self._answers = True
        self.look = ProcessesLook(self._rows, component)

    async def restart(self, name: str) -> bool:
        """Have one started anew; returns whether the supervisor has taken the order."""
        try:
            await control.ask_async(self._path, f"restart {name}")
        except ControlError:
            return False
        return True

    def writers(self) -> Mapping[int, str]:
        """The names of those that write the record, by their ids."""
        return {row["pid"]: row["name"] for row in self.look.seen if row["role"] in WRITERS}

    def model(self) -> int | None:
        """The id of the embedded model's process, where there is one."""
        return next((row["pid"] for row in self.look.seen if row["role"] == "model"), None)

    async def _rows(self) -> list[dict[str, Any]] | None:
        try:
            rows = await control.processes_async(self._path)
        except ControlError as error:
            # On a machine that stalls, for a moment; where it is gone, this process goes too.
            if self._answers:
                log.warning("the supervisor does not answer", detail=error.detail)
            self._answers = False
            return None
        self._answers = True
        return [dict(row) for row in rows]
