"""How soon the status page knows that something is broken, and that it is mended; and what knowing costs.

One Perdure over the scripted backend with two people who talk all the time. `detected` is from the failure (the signal,
the closed port, the lock in hand) to the first answer of `/api/v2/summary.json`, asked for every 20 ms, that has an
open incident of that component. A frozen web answers nobody: there it is the first answer of the web that comes back.
`known` is when the incident began by its own account, and `copied` when the copy of the page in the data folder has it,
which is what a page that is hosted elsewhere is made from. `resolved` is from the moment at
which it works again (the new process runs, as the supervisor tells it; the port is open; the lock is let go) to the
first answer that has the incident no more. Before each round the health process is started anew: what falls again
within two minutes has to be well for longer, by design, and that is not what is measured here. A model that is deaf is
found out by replies that do not come, so how soon that is depends on how many are asked for: here two at a time.

`probing`: CPU seconds for each second of the health process, while nobody talks and beside four who do; and what all
others spend less while there is none, while nobody talks. (A frozen one would be killed; so it is killed until the
supervisor waits for half a minute before the next try. Web asks for it in vain meanwhile.)
`status`: `GET /status` from one web process on eight kept connections of a process of its own, while the record is
well, locked, and moved away.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from bench import report
from bench.bystanders import Bystanders, quiet
from bench.processes import cpu_of, spent
from bench.servers import data_folder
from bench.wire import Connection, WireError, run
from tests.bad_day.people import conversing
from tests.bad_day.script import Act, Line
from tests.bad_day.stage import Stage

POLL_S, PATIENCE_S = 0.02, 0.25
HELD_S = 0.7
"""How long it stays broken behind being told, where somebody has to mend it."""
SETTLED_S = 1.2
"""After the health process is ready, until each look has been made."""
WINDOW_S, DOWN_WINDOW_S = 60.0, 18.0
CONNECTIONS, HAMMER_S = 8, 5.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of failure: what is done, and whose incident it is."""

    line: Line
    root: str

    @property
    def mended(self) -> bool:
        """Whether somebody has to mend it."""
        return self.line.until is not None


def _kind(act: Act, target: str, root: str, *, mended: bool) -> Kind:
    return Kind(Line(0.0, "", act, target, 1.0 if mended else None), root)


Times = tuple[float, float, float, float]
"""Of one round, in seconds: until it was known, copied, detected, and resolved."""

KINDS: Mapping[str, Kind] = {
    "worker frozen": _kind(Act.FREEZE, "worker-1", "worker-1", mended=False),
    "web frozen": _kind(Act.FREEZE, "web", "web", mended=False),
    "model away": _kind(Act.MODEL_AWAY, "model", "model", mended=True),
    "record locked": _kind(Act.LOCK_RECORD, "", "store", mended=True),
    "model deaf": _kind(Act.MODEL_DEAF, "model", "model", mended=True),
}


class Page:
    """Asks for the page again and again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: Connection | None = None

    async def until(self, seen: Callable[[Mapping[str, Any]], bool]) -> tuple[float, Mapping[str, Any]]:
        """When it was first told so, in Unix seconds, and how."""
        while True:
            with suppress(OSError, WireError, TimeoutError, RuntimeError):  # the last is uvloop's, for what was hung up
                async with asyncio.timeout(PATIENCE_S):
                    self._connection = self._connection or await Connection.open(self._port)
                    told = (await self._connection.ask("GET", "/api/v2/summary.json")).json()
                if seen(told):
                    return time.time(), told
                await asyncio.sleep(POLL_S)
                continue
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            await asyncio.sleep(POLL_S)


async def copied(stage: Stage, seen: Callable[[Mapping[str, Any]], bool]) -> float:
    """When the copy in the data folder first told so, in Unix seconds."""
    copy = stage.installation.data_dir / "status" / "api" / "v2" / "summary.json"
    while not seen(orjson.loads(await asyncio.to_thread(copy.read_bytes))):
        await asyncio.sleep(POLL_S)
    return time.time()


def _incident(root: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda told: any(one["perdure"]["root"] == root for one in told["incidents"])


def _well(told: Mapping[str, Any]) -> bool:
    return bool(told["components"]) and all(one["status"] == "operational" for one in told["components"])


async def one_round(stage: Stage, page: Page, kind: Kind) -> Times:
    """One failure; returns the seconds until it was known, told by the copy and by web, and told to be over."""
    await fresh(stage, page)
    await asyncio.sleep(random.uniform(0.0, 0.5))
    pid = stage.installation.pid(kind.root)
    began_at = await stage.begin(kind.line)
    copying = asyncio.create_task(copied(stage, _incident(kind.root)))
    told_at, told = await page.until(_incident(kind.root))
    copied_at = await copying
    known = next(one["started_at"] for one in told["incidents"] if one["perdure"]["root"] == kind.root)
    if kind.mended:
        await asyncio.sleep(HELD_S)
        healed_at = await stage.mend(kind.line)
    else:
        while (now := await asyncio.to_thread(stage.installation.pid, kind.root)) in (None, pid):
            await asyncio.sleep(POLL_S)
        assert now is not None
        healed_at = time.time()
    over_at, _ = await page.until(lambda told: not _incident(kind.root)(told))
    return _seconds(known) - began_at, copied_at - began_at, told_at - began_at, over_at - healed_at


async def fresh(stage: Stage, page: Page) -> None:
    """The health process anew, and all well."""
    await page.until(_well)
    before = await asyncio.to_thread(stage.installation.kill, "health", signal.SIGKILL)
    while await asyncio.to_thread(stage.installation.pid, "health") in (None, before):
        await asyncio.sleep(POLL_S)
    await asyncio.sleep(SETTLED_S)
    await page.until(_well)


async def rounds(stage: Stage, page: Page, options: Any, found: dict[str, Any]) -> None:
    """All kinds in turn, again and again; `found` has the figures after each turn."""
    taken: dict[str, list[Times]] = {name: [] for name in KINDS}
    watched = Bystanders()
    for n in range(max(options.rounds, options.deaf)):
        for name, kind in KINDS.items():
            if n < (options.deaf if name == "model deaf" else options.rounds):
                await quiet(options.quiet_s)
                taken[name].append(await one_round(stage, page, kind))
        report.say(f"round {n + 1}")
        found |= {"kinds": {name: _figures(times) for name, times in taken.items()}, "others_cores": watched.cores()}
        report.write(options.json, {"detection": found})


def _figures(times: list[Times]) -> dict[str, Any]:
    return {**{what: report.summary([one[k] for one in times]) for k, what in enumerate(_SPANS)}, "all_s": times}


async def probing(stage: Stage, page: Page, window_s: float) -> dict[str, Any]:
    """What knowing costs, in CPU seconds a second."""
    await fresh(stage, page)
    watched = Bystanders()
    idle = await _cores(stage, window_s)
    async with conversing(stage.installation.url, 4):
        busy = await _cores(stage, window_s)
    await page.until(_well)
    line = Line(0.0, "", Act.KEEP_DOWN, "health", 1.0)
    await stage.begin(line)
    while stage.installation.row("health")["state"] != "escalated":
        await asyncio.sleep(0.1)
    without = await _cores(stage, DOWN_WINDOW_S)
    await stage.mend(line)
    saved = {name: round(idle[name] - without[name], 4) for name in without if name != "health"}
    return {"idle": idle, "busy": busy, "without": without, "looked_at": saved, "others_cores": watched.cores()}


async def _cores(stage: Stage, window_s: float) -> dict[str, float]:
    """Of each process, by its name: its share of a core over a window."""
    pids = {row["name"]: row["pid"] for row in stage.installation.processes() if row["pid"] is not None}
    before, began_at = cpu_of(pids), time.monotonic()
    await asyncio.sleep(window_s)
    took_s = time.monotonic() - began_at
    return {name: round(used_s / took_s, 4) for name, used_s in spent(before, cpu_of(pids)).items()}


async def status(stage: Stage, page: Page) -> dict[str, float]:
    """Answers a second of `/status`."""
    port = _port(stage)
    await page.until(_well)
    found = {"the record is well": await _hammer(port)}
    async with _locked(stage):
        await page.until(_incident("store"))
        found["locked"] = await _hammer(port)
    await page.until(_well)
    async with _moved(stage.installation.data_dir):
        await page.until(_incident("store"))
        found["moved away"] = await _hammer(port)
    return found


@asynccontextmanager
async def _locked(stage: Stage) -> AsyncIterator[None]:
    line = KINDS["record locked"].line
    await stage.begin(line)
    try:
        yield
    finally:
        await stage.mend(line)


@asynccontextmanager
async def _moved(folder: Path) -> AsyncIterator[None]:
    """The file of the record is somewhere else."""
    here, there = folder / "perdure.db", folder / "elsewhere.db"
    here.rename(there)
    try:
        yield
    finally:
        there.rename(here)


async def _hammer(port: int) -> float:
    command = [sys.executable, "-m", "bench.hammer", str(port), "/status", str(CONNECTIONS), str(HAMMER_S)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return round(float(out))


def _port(stage: Stage) -> int:
    return int(stage.installation.url.rpartition(":")[2])


async def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, 25, deaf=3, window_s=WINDOW_S, parts="status,probing,rounds")
    parts = options.parts.split(",")
    found: dict[str, Any] = {}
    with data_folder() as folder:
        stage = Stage(folder)
        try:
            await asyncio.to_thread(stage.start)
            page = Page(_port(stage))
            if "status" in parts:
                found["status"] = await status(stage, page)
            if "probing" in parts:
                found["probing"] = await probing(stage, page, options.window_s)
            report.write(options.json, {"detection": found})
            if "rounds" in parts:
                async with conversing(stage.installation.url, 2):
                    await rounds(stage, page, options, found)
        finally:
            await asyncio.to_thread(stage.close)
    print(tables(found))


def tables(found: Mapping[str, Any]) -> str:
    """All figures, for people."""
    told = []
    if "kinds" in found:
        rows = [
            [name, of["detected_s"]["n"], *(of[what].get(key, "") for what in _SPANS for key in _KEYS)]
            for name, of in found["kinds"].items()
        ]
        head = [f"{what} {key}" for what in ("known", "copied", "detected", "resolved") for key in _KEYS]
        told += [report.table(["failure", "n", *head], rows), f"Others used {found['others_cores']} cores meanwhile."]
    if "probing" in found:
        probing, whens = found["probing"], ("idle", "busy", "looked_at")
        costs = [
            [name, *(100 * probing[when][name] if name in probing[when] else "" for when in whens)]
            for name in probing["idle"]
        ]
        told += [report.table(["% of a core", "idle", "four talk", "being looked at"], costs)]
        told += [f"Others used {probing['others_cores']} cores meanwhile."]
    if "status" in found:
        rows = [list(row) for row in found["status"].items()]
        told.append(report.table(["/status while the record is", "a second"], rows))
    return "\n\n".join(told)


_SPANS = ("known_s", "copied_s", "detected_s", "resolved_s")
_KEYS = ("p50", "p99", "max")


def _seconds(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


if __name__ == "__main__":
    run(main)
