"""Added time to the first token, over asking the backend directly.

The backend streams 64 tokens, one each 20 ms, in a process of its own. Four ways lead to it: directly; through Perdure
with a chat's events (the stream is open, then `PUT` of a message); through Perdure's OpenAI endpoint; through LiteLLM's
proxy (one worker, no database, no retries). In every round each way is taken in turn at each level: a new stream while
0, 10 and 50 others run on the same way (each is followed by another as soon as it ends), and 50 streams started at the
same instant. A sample is the time from writing the request to the arrival of the first token; "added" is that minus the
median of the direct samples of the same round and level. CPU seconds are those of the server's processes over the
level, divided by the tokens that it delivered. Beside it all: what one `fdatasync` after a pause takes in the same
folder, since Perdure's first token waits for two of them, one after the other (the message's and its own).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from bench import report
from bench.bystanders import Bystanders, quiet
from bench.disk import fdatasync_ms
from bench.processes import cpu_of, spent
from bench.servers import Server, litellm, perdure, scripted, told
from bench.talk import ChatTalk, OpenAITalk, Talk
from bench.wire import Connection, Stream, run

OTHERS = (0, 10, 50)
AT_ONCE = 50
TOKENS, INTERVAL_S = 64, 0.02
SAMPLED = "Hello. [[tokens=3]]"
"""A sampled stream is over after three tokens, so that the number of others stays what it is said to be."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the backend. `open` begins a talk; `server` is whose CPU time counts."""

    name: str
    server: Server
    open: Callable[[], Awaitable[Talk]]


@dataclass(slots=True)
class Cell:
    """What was measured on one way at one level, over all rounds. Times in ms."""

    rounds: list[list[float]] = field(default_factory=list)
    tokens: int = 0
    cpu: dict[str, float] = field(default_factory=dict)

    def add(self, samples_ms: list[float], tokens: int, cpu: Mapping[str, float]) -> None:
        """Take one round."""
        self.rounds.append(samples_ms)
        self.tokens += tokens
        for name, seconds in cpu.items():
            self.cpu[name] = self.cpu.get(name, 0.0) + seconds


async def new_stream(way: Way, others: int, samples: int, limit_s: float) -> tuple[list[float], int]:
    """Sample new streams while `others` run; returns the times in ms and all tokens that arrived."""
    streams: list[Stream] = []
    crowd = [asyncio.create_task(_keep_talking(way, n / max(1, others), streams)) for n in range(others)]
    if others:
        await asyncio.sleep(TOKENS * INTERVAL_S + 0.5)
    times: list[float] = []
    until = time.monotonic() + limit_s
    while len(times) < samples and time.monotonic() < until:
        talk = await way.open()
        await asyncio.sleep(random.uniform(0.01, 0.03))
        began_ns, stream = talk.ask(SAMPLED)
        streams.append(stream)
        times.append((await stream.first - began_ns) / 1e6)
        await talk.settle()
        talk.close()
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    return times, sum(stream.tokens for stream in streams)


async def _keep_talking(way: Way, phase: float, streams: list[Stream]) -> None:
    """One of the others: reply after reply, out of step with the rest."""
    talk = await way.open()
    try:
        await asyncio.sleep(phase * TOKENS * INTERVAL_S)
        while True:
            _, stream = talk.ask("Go on.")
            streams.append(stream)
            await talk.settle()
    finally:
        talk.close()


async def at_once(way: Way, bursts: int) -> tuple[list[float], int]:
    """Start `AT_ONCE` streams in one go, `bursts` times; returns the times in ms and all tokens."""
    times: list[float] = []
    tokens = 0
    for _ in range(bursts):
        talks = [await way.open() for _ in range(AT_ONCE)]
        await asyncio.sleep(0.1)
        begun = [talk.ask("Go on.") for talk in talks]
        await asyncio.gather(*(talk.settle() for talk in talks))
        times += [(stream.first.result() - begun_ns) / 1e6 for begun_ns, stream in begun]
        tokens += sum(stream.tokens for _, stream in begun)
        for talk in talks:
            talk.close()
    return times, tokens


async def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, 7, samples=60, bursts=2, limit_s=20.0, litellm=1)
    cells: dict[str, dict[str, Cell]] = {}
    async with AsyncExitStack() as stack:
        backend = stack.enter_context(scripted())
        await told(backend, TOKENS, INTERVAL_S)
        ours = await stack.enter_async_context(
            perdure("--backend-url", backend.url, "--model", "scripted", "--log-level", "warning")
        )
        character = await _first_character(ours)
        ways = [
            Way("direct", backend, lambda: OpenAITalk.open(backend, "scripted")),
            Way("perdure", ours, lambda: ChatTalk.open(ours)),
            Way("perdure /v1", ours, lambda: OpenAITalk.open(ours, character)),
        ]
        if options.litellm:
            theirs = await stack.enter_async_context(litellm(backend))
            ways.append(Way("litellm", theirs, lambda: OpenAITalk.open(theirs, "scripted")))
        for way in ways:
            await new_stream(way, 0, 10, options.limit_s)
        others: list[float] = []
        disk: list[float] = []
        for n in range(options.rounds):
            await quiet(options.quiet_s)
            watched = Bystanders()
            disk += await fdatasync_ms(ours.folder / "data", 30)
            for level in (*(f"{others} others" for others in OTHERS), f"{AT_ONCE} at once"):
                for way in ways:
                    before = cpu_of(way.server.pids)
                    if level.endswith("others"):
                        samples, tokens = await new_stream(way, int(level.split()[0]), options.samples, options.limit_s)
                    else:
                        samples, tokens = await at_once(way, options.bursts)
                    cost = spent(before, cpu_of(way.server.pids))
                    cells.setdefault(level, {}).setdefault(way.name, Cell()).add(samples, tokens, cost)
                report.say(f"round {n + 1}, {level}: " + _brief(cells[level]))
            others.append(watched.cores())
            report.say(f"round {n + 1}: others used {others[-1]} cores")
    levels = {level: {name: figures(cell, of_level["direct"]) for name, cell in of_level.items()}
              for level, of_level in cells.items()}  # fmt: skip
    report.write(options.json, {"ttft": levels, "others_cores": others, "fdatasync_ms": report.summary(disk)})
    print(_table(levels))
    print(f"one fdatasync after a pause: {report.summary(disk)} ms; others used {others} cores")


def figures(cell: Cell, direct: Cell) -> dict[str, Any]:
    """One cell: times as they are, times added, and CPU per 1,000 tokens. Milliseconds and seconds."""
    bases = [report.median(samples) for samples in direct.rounds]
    added = [[time_ms - base for time_ms in samples] for samples, base in zip(cell.rounds, bases, strict=True)]
    flat = [time_ms for samples in added for time_ms in samples]
    return {
        "ms": report.summary([time_ms for samples in cell.rounds for time_ms in samples]),
        "added_ms": report.summary(flat),
        "added_p50_of_rounds": [report.median(samples) for samples in added],
        "added_p50_ms": report.median([report.median(samples) for samples in added]),
        "added_max_of_rounds": [round(max(samples), 2) for samples in added],
        "tokens": cell.tokens,
        "cpu_s": {name: round(seconds, 2) for name, seconds in cell.cpu.items()},
        "cpu_s_per_1000_tokens": round(sum(cell.cpu.values()) / cell.tokens * 1000, 3),
    }


def _brief(cells: Mapping[str, Cell]) -> str:
    return ", ".join(f"{name} {report.median(cell.rounds[-1]):.2f} ms" for name, cell in cells.items())


def _table(levels: Mapping[str, Mapping[str, dict[str, Any]]]) -> str:
    head = ["level, way", "n", "first token p50 (ms)", "added p50", "added p99", "added max", "CPU s / 1,000 tokens"]
    rows = [
        [f"{level}, {name}", f["ms"]["n"], f["ms"]["p50"], f["added_p50_ms"], f["added_ms"]["p99"],
         f["added_ms"]["max"], f["cpu_s_per_1000_tokens"]]
        for level, ways in levels.items() for name, f in ways.items()
    ]  # fmt: skip
    return report.table(head, rows)


async def _first_character(server: Server) -> str:
    connection = await Connection.open(server.port)
    models = (await connection.ask("GET", "/v1/models")).json()
    connection.close()
    return str(models["data"][0]["id"])


if __name__ == "__main__":
    run(main)
