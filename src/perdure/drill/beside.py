"""`python -m perdure.drill.beside FILE BY KILLS`: a scripted drill beside a server that people use.

It has a server of its own in a temporary folder, takes the processor only while nobody else wants it, and keeps how far
it is, and its verdict, in FILE. It does not outlive whoever has started it; SIGTERM ends it in good order.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from perdure.config import Settings
from perdure.drill.options import Drilled, Options
from perdure.drill.run import drill
from perdure.health.drills import write_account
from perdure.supervise.lifeline import die_with_parent

LAST_IN_LINE = 19
"""As `nice` counts: whoever else wants the processor has it first."""

SEED, CHATS, MAX_TOKENS = 7, 3, 60
STUCK_AFTER_S = 180.0
"""Longer than where a drill has the machine to itself: here everybody else comes first."""

BEAT_S = 2.0
FINDINGS = 10


class Kept:
    """What is known of the drill, in its file. Fulfils `perdure.drill.options.Progress`."""

    def __init__(self, file: Path, by: str, kills: int) -> None:
        self._file = file
        self._told: dict[str, Any] = {"by": by, "begun_at": time.time(), "kills": kills, "struck": 0, "doing": ""}
        self.write("running")

    def say(self, what: str) -> None:
        """What is going on now."""
        self.write("running", doing=what)

    def struck(self, strikes: int, what: str) -> None:
        """So many strikes are done."""
        self.write("running", struck=strikes, doing=what)

    def write(self, state: str, **more: Any) -> None:
        """Keep it, with what has become known."""
        self._told |= {**more, "state": state, "at": time.time()}
        write_account(self._file, self._told)

    async def beat(self) -> None:
        """Show that it is alive; cancel to end."""
        while True:
            await asyncio.sleep(BEAT_S)
            self.write("running")


async def run(kept: Kept, kills: int) -> None:
    """The whole drill, told as it goes."""
    # Without what configures the server beside which it runs.
    settings = Settings.model_validate({})
    options = Options(settings, kills, SEED, CHATS, MAX_TOKENS, scripted=True, stuck_after_s=STUCK_AFTER_S)
    beating = asyncio.create_task(kept.beat())
    try:
        drilled = await drill(options, kept)
    except asyncio.CancelledError:
        kept.write("cancelled", doing="")
    except Exception as error:
        kept.write("failed", doing="", findings=[f"{type(error).__name__}: {error}"])
    else:
        kept.write("breached" if drilled.findings else "held", **_verdict(drilled))
    finally:
        beating.cancel()


def _verdict(drilled: Drilled) -> dict[str, Any]:
    found = [f"{one.fault}: {one.detail}" for one in drilled.findings[:FINDINGS]]
    counts = {"messages": drilled.messages, "characters": drilled.characters, "struck": len(drilled.blows)}
    return {**counts, "findings": found, "took_s": round(drilled.took_s, 1), "doing": ""}


async def _until_told() -> None:
    file, by, kills = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    task = asyncio.ensure_future(run(Kept(file, by, kills), kills))
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, task.cancel)
    await task


if __name__ == "__main__":
    die_with_parent()
    os.nice(LAST_IN_LINE)
    asyncio.run(_until_told())
