"""The list of processes, as ``perdure ps --json`` and the operator's API give it."""

from typing import Literal, TypedDict

State = Literal["starting", "running", "hung", "restarting", "escalated", "stopping"]
"""``hung``: silent, SIGKILL sent, not yet reaped. ``restarting``: on its way from one process to the next.
``escalated``: the same, but it died too often and needs the operator; it is still tried, slowly."""


class ProcessRow(TypedDict):
    """One process, or the place of one that is about to be started again (``pid`` is null then)."""

    name: str
    role: str
    pid: int | None
    state: State
    restarts: int
    """Starts after the first since the supervisor began."""
    deaths: int
    """How often it has ended although nobody had asked for that."""
    since: float
    """When it came into this state, in Unix seconds."""
    silent: bool
    """It runs, and has not been heard for more than a second: not yet for so long that it is killed."""
    needs_operator: bool
    """Escalated, and not yet healthy for long enough since, whatever its state."""
    last_exit: str | None
    """How its last process ended, in words: ``was killed by SIGKILL``."""
