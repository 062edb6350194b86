"""One look at a component, again and again: never two at a time, never longer than its limit, in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

import structlog

from perdure.core.health import Cause, Finding, Level

log = structlog.get_logger()

Findings = Mapping[str, Finding]
"""What a look has found, by component."""


class Haste(Enum):
    """How soon a component should be looked at again: in doubt, it was found to be worse than is shown."""

    CALM = auto()
    HURRY = auto()
    DOUBT = auto()


@dataclass(frozen=True, slots=True)
class Look:
    """A way to look. `find` may take `limit_s` and is asked every `period_s`; every `hurry_s` while one of `components`
    is not shown as well, and every `doubt_s` while one was found to be worse than is shown: people wait to be told.
    Seconds. These are what is found not to answer where `find` does not.
    """

    name: str
    components: tuple[str, ...]
    find: Callable[[], Awaitable[Findings]]
    period_s: float = 0.5
    limit_s: float = 0.75
    hurry_s: float = 0.5
    doubt_s: float = 0.15


async def keep_looking(
    look: Look, heard: Callable[[str, Findings], None], haste: Callable[[str], Haste], woken: asyncio.Event
) -> None:
    """Look for ever; cancel to end. `heard` takes what each look found; `woken` has the next one made at once."""
    pending: asyncio.Future[Findings] | None = None
    while True:
        woken.clear()
        patience_s = look.limit_s if pending is None else 0.0
        pending = pending or asyncio.ensure_future(look.find())
        done, _ = await asyncio.wait((pending,), timeout=patience_s)
        if done:
            heard(look.name, _result(look, pending))
            pending = None
        else:
            # It goes on where it hangs: another one beside it would hang too, and one more after that.
            heard(look.name, dict.fromkeys(look.components, _silent(look.limit_s)))
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), _pause_s(look, haste, hangs=pending is not None))


def _pause_s(look: Look, haste: Callable[[str], Haste], *, hangs: bool) -> float:
    wanted = {haste(component) for component in look.components}
    if Haste.DOUBT in wanted:
        return look.doubt_s
    return look.hurry_s if hangs or Haste.HURRY in wanted else look.period_s


def _result(look: Look, done: asyncio.Future[Findings]) -> Findings:
    try:
        return done.result()
    except Exception as error:
        # The look is broken, not what it looks at: that is known to nobody then.
        log.error("a look failed", look=look.name, exc_info=error)
        finding = Finding(Level.DEGRADED, Cause.FAILING, f"Looking at it failed ({type(error).__name__}).")
        return dict.fromkeys(look.components, finding)


def _silent(limit_s: float) -> Finding:
    return Finding(Level.MAJOR, Cause.NO_ANSWER, f"It did not answer within {limit_s:g} s.")
