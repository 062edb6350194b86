"""What the supervisor knows of the processes: it sees deaths at once, and hangs by their heartbeat."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from perdure.core.health import Cause, Finding, Level
from perdure.core.incidents import Healing
from perdure.health.look import Findings

Row = Mapping[str, Any]

WATCHED = ("web", "worker", "model")
"""The roles that are components."""


class ProcessesLook:
    """Remembers what was seen last, so that a process which has died and come back between two looks is seen too.

    `rows` asks the supervisor; None where it does not answer.
    """

    def __init__(self, rows: Callable[[], Awaitable[Sequence[Row] | None]], component: Callable[[Row], str]) -> None:
        self._rows = rows
        self._component = component
        self._deaths: dict[str, int] = {}
        self.seen: Sequence[Row] = ()

    async def find(self) -> Findings:
        """One finding for each process that is a component; none while the supervisor does not answer."""
        rows = await self._rows()
        if rows is None:
            return {}
        self.seen = rows
        return {self._component(row): self._finding(row) for row in self.seen if row["role"] in WATCHED}

    @property
    def supervisor_since(self) -> float | None:
        """When the supervisor began, in Unix seconds; None while it has not been seen."""
        return next((row["since"] for row in self.seen if row["role"] == "supervisor"), None)

    async def is_asked_to_restart(self, component: str) -> bool:
        """Whether it is just now on its way from one process to the next because somebody has asked for
        that, as far as the supervisor says.
        """
        rows = [row for row in await self._rows() or () if self._component(row) == component]
        return any(row["state"] != "running" and row["deaths"] == self._deaths.get(row["name"]) for row in rows)

    def healing(self) -> dict[str, Healing]:
        """What the supervisor is doing about which component."""
        about = {self._component(row): _healing(row) for row in self.seen if row["role"] in WATCHED}
        return {component: healing for component, healing in about.items() if healing is not None}

    def _finding(self, row: Row) -> Finding:
        name, deaths, runs = row["name"], row["deaths"], row["state"] == "running"
        told = self._deaths.get(name, deaths if runs else 0)
        if runs:
            self._deaths[name] = deaths
        if row["state"] == "escalated" or (row["needs_operator"] and not runs):
            return Finding(Level.MAJOR, Cause.CRASH_LOOP, f"{name} keeps ending: it {row['last_exit']}.", certain=True)
        if runs and deaths == told and row["silent"]:
            return Finding(Level.MAJOR, Cause.PROCESS_HUNG, f"{name} is silent.", certain=True)
        if row["state"] == "stopping" or (deaths == told and row["state"] != "hung"):
            # Whoever is on its way from one process to the next without having died was asked to be.
            return Finding()
        said = "was silent" if row["state"] == "hung" else str(row["last_exit"])
        return Finding(Level.MAJOR, _cause(said), f"{name} {said}.", certain=True)


def _cause(said: str) -> Cause:
    """By how its process ended, in the supervisor's words."""
    if "memory" in said:
        return Cause.MEMORY
    return Cause.PROCESS_HUNG if "hung" in said or "silent" in said else Cause.PROCESS_DIED


def _healing(row: Row) -> Healing | None:
    if row["needs_operator"]:
        return Healing(f"{row['name']} is tried again, slowly: it has been started {row['restarts']} times.", True)
    if row["state"] in ("hung", "restarting") or (row["state"] == "starting" and row["deaths"]):
        return Healing(f"{row['name']} is being started again.")
    return None
