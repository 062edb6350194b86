"""Play a script on an installation of its own, with people who converse and one who reads the page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bad_day.judge import Judge, Played, Sample
from tests.bad_day.people import Outcome, conversing
from tests.bad_day.reader import Reader
from tests.bad_day.script import Line, Script
from tests.bad_day.stage import Impossible, Stage
from tests.bad_day.verdict import Verdict

PEOPLE = 4
CALM_WITHIN_S = 40.0
"""How long a machine may take until everything was looked at once and is well."""


@dataclass(frozen=True, slots=True)
class Day:
    """What came of it. `impossible` are lines that could not be played on this machine."""

    verdict: Verdict
    outcome: Outcome
    played: list[Played]
    samples: list[Sample]
    impossible: list[str]
    log: str

    @property
    def ok(self) -> bool:
        """Whether the page told the truth, and nobody lost anything."""
        return self.verdict.ok and self.outcome.ok


async def play(script: Script, folder: Path, say: Callable[[str], None], patience: float = 1.0) -> Day:
    """From the first minute to the verdict. `patience` is the judge's."""
    stage = Stage(folder)
    try:
        await asyncio.to_thread(stage.start)
        installation = stage.installation
        reader = Reader(installation.url, installation.data_dir / "status")
        async with conversing(installation.url, PEOPLE) as people:
            reading = asyncio.create_task(reader.run())
            await _calm(reader)
            began_at = time.time()
            played, impossible = await _played(script, stage, began_at, say)
            await _until(began_at + script.minutes * script.minute_s)
            with suppress(TimeoutError):
                await _calm(reader)  # what has not ended by then, on a machine that is slow, may still end
            outcome = await people.outcome()
            reading.cancel()
        verdict = Judge(played, began_at, script.minute_s, patience).verdict(reader.samples, script.minutes)
        return Day(verdict, outcome, played, reader.samples, impossible, installation.log())
    finally:
        await asyncio.to_thread(stage.close)


async def _calm(reader: Reader) -> None:
    """Return once the page is read, and says that all is well."""
    async with asyncio.timeout(CALM_WITHIN_S):
        while not (reader.samples and not any(level.unwell for level in reader.samples[-1].levels.values())):
            await asyncio.sleep(0.1)


async def _played(
    script: Script, stage: Stage, began_at: float, say: Callable[[str], None]
) -> tuple[list[Played], list[str]]:
    played: list[Played] = []
    impossible: list[str] = []

    async def one(line: Line) -> None:
        await _until(began_at + line.minute * script.minute_s)
        try:
            at = await stage.begin(line)
        except Impossible as why:
            impossible.append(f"{line.what}: {why}")
            return
        say(f"{line.minute:5.1f}  {line.what}")
        mended_at = None
        if line.until is not None:
            await _until(began_at + line.until * script.minute_s)
            mended_at = await stage.mend(line)
            say(f"{line.until:5.1f}  mended: {line.what}")
        played.append(Played(line, at, mended_at))

    async with asyncio.TaskGroup() as lines:
        for line in script.lines:
            lines.create_task(one(line))
    return played, impossible


async def _until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - time.time()))
