"""A thousand live streams at 20 tokens a second on this machine.

Each round starts servers and a backend afresh, opens the chats and their event streams, asks for all replies over a
ramp of some seconds, so that they are out of step, waits until all are under way, and watches for `--window-s` seconds.
The client (this process) and the backend run on the same cores, so each round also takes the same streams directly from
the backend: what that shows is the machine's, not Perdure's.

Delay of a token over the pace: the time since the token before it on the same stream, less the 50 ms of the pace.
Tokens that arrive together have the same instant: the first of them carries the wait, the others come early (below 0).
Lag of a token: how much later it arrived than the stream's own pace had it, reckoned from the stream's luckiest token;
it also shows what grows slowly. CPU seconds over the window, by process; memory of each process idle (all up, nothing
asked yet) and with all streams under way. LiteLLM's CPU per 1,000 tokens is taken in the same rounds with `--few` such
streams, since it could not carry a thousand; Perdure's with as few stands beside it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any

from bench import report
from bench.bystanders import Bystanders, quiet
from bench.processes import Memory, cpu_of, memory_of, spent
from bench.servers import litellm, perdure, scripted, told
from bench.talk import ChatTalk, OpenAITalk, Talk
from bench.wire import Stream, run

INTERVAL_S = 0.05
RAMP_S = 8.0
SETTLE_S = 3.0
OPENERS = 16
"""Chats that are opened at the same time, so that opening a thousand does not take a minute."""

FLAGS = ("--model", "scripted", "--log-level", "warning", "--max-tokens", "10000", "--context-size", "65536")


async def watch(
    opener: Callable[[], Awaitable[Talk]], count: int, window_s: float, pids: Mapping[str, int]
) -> dict[str, Any]:
    """Run `count` streams and measure a window of them; `pids` are the processes whose cost counts."""
    talks = await _opened(opener, count)
    ramp_s = min(RAMP_S, count / 100)
    streams: list[Stream] = []
    for n, talk in enumerate(talks):
        streams.append(talk.ask("Tell me everything.")[1])
        if n % 10 == 9:
            await asyncio.sleep(ramp_s * 10 / count)
    await asyncio.gather(*(stream.first for stream in streams))
    await asyncio.sleep(SETTLE_S)
    seen = [len(stream.arrivals) for stream in streams]
    before = cpu_of(pids)
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(window_s)
    cost = spent(before, cpu_of(pids))
    took_s = asyncio.get_running_loop().time() - began
    memory = memory_of(pids)
    windows = [stream.arrivals[start:] for stream, start in zip(streams, seen, strict=True)]
    over = any(stream.ended.done() for stream in streams)
    for talk in talks:
        talk.close()
    if over:
        raise RuntimeError("a stream ended inside the window: the replies are too short for this machine's pace")
    return {**_delays(windows), "streams": count, "window_s": round(took_s, 2), "cpu_s": cost, "memory": _told(memory)}


async def _opened(opener: Callable[[], Awaitable[Talk]], count: int) -> list[Talk]:
    gate = asyncio.Semaphore(OPENERS)

    async def one() -> Talk:
        async with gate:
            return await opener()

    return list(await asyncio.gather(*(one() for _ in range(count))))


def _delays(windows: Sequence[Sequence[tuple[int, int]]]) -> dict[str, Any]:
    """Delay over the pace and lag of every token, in ms, and how many tokens there were."""
    delays: list[float] = []
    lags: list[float] = []
    together: list[float] = []
    tokens = 0
    pace_ms = INTERVAL_S * 1000
    for arrivals in windows:
        late: list[float] = []
        place = 0
        for n, (at_ns, count) in enumerate(arrivals):
            if n:
                delays.append((at_ns - arrivals[n - 1][0]) / 1e6 - pace_ms)
                delays += [-pace_ms] * (count - 1)
                together.append(count)
            late += [at_ns / 1e6 - (place + k) * pace_ms for k in range(count)]
            place += count
        tokens += place
        lags += [moment - min(late) for moment in late]
    return {
        "tokens": tokens,
        "delay_ms": report.summary(delays),
        "lag_ms": report.summary(lags),
        "tokens_per_arrival": round(sum(together) / max(1, len(together)), 2),
    }


async def one_round(count: int, few: int, window_s: float, *, with_litellm: bool) -> dict[str, Any]:
    """All ways once."""
    found: dict[str, Any] = {}
    tokens = int((RAMP_S * 4 + SETTLE_S + window_s) / INTERVAL_S)
    async with AsyncExitStack() as stack:
        backend = stack.enter_context(scripted())
        await told(backend, tokens, INTERVAL_S)
        found["direct"] = await watch(lambda: OpenAITalk.open(backend, "scripted"), count, window_s, backend.pids)
    async with AsyncExitStack() as stack:
        backend = stack.enter_context(scripted())
        await told(backend, tokens, INTERVAL_S)
        ours = await stack.enter_async_context(perdure("--backend-url", backend.url, *FLAGS))
        found["idle"] = _told(memory_of(ours.pids))
        found["perdure, few"] = await watch(lambda: ChatTalk.open(ours), few, window_s, ours.pids)
    async with AsyncExitStack() as stack:
        backend = stack.enter_context(scripted())
        await told(backend, tokens, INTERVAL_S)
        ours = await stack.enter_async_context(perdure("--backend-url", backend.url, *FLAGS))
        costs = {**ours.pids, "(backend)": backend.pids["backend"], "(client)": os.getpid()}
        found["perdure"] = await watch(lambda: ChatTalk.open(ours), count, window_s, costs)
    if with_litellm:
        async with AsyncExitStack() as stack:
            backend = stack.enter_context(scripted())
            await told(backend, tokens, INTERVAL_S)
            theirs = await stack.enter_async_context(litellm(backend))
            found["litellm, few"] = await watch(lambda: OpenAITalk.open(theirs, "scripted"), few, window_s, theirs.pids)
    for name in ("perdure, few", "perdure", "litellm, few"):
        if name in found:
            found[name]["cpu_s_per_1000_tokens"] = cost_per_1000(found[name])
    return found


def cost_per_1000(way: Mapping[str, Any]) -> float:
    """CPU seconds per 1,000 tokens, without the processes in brackets, which are not the server's."""
    own = sum(seconds for name, seconds in way["cpu_s"].items() if not name.startswith("("))
    return float(round(own / way["tokens"] * 1000, 4))


async def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, 7, streams=1000, few=10, window_s=15.0, litellm=1)
    rounds = []
    for n in range(options.rounds):
        await quiet(options.quiet_s)
        watched = Bystanders()
        found = await one_round(options.streams, options.few, options.window_s, with_litellm=bool(options.litellm))
        found["others_cores"] = watched.cores()
        rounds.append(found)
        ours, others = found["perdure"], found["others_cores"]
        report.say(f"round {n + 1}: delay {ours['delay_ms']}, CPU {ours['cpu_s']}, others {others} cores")
        report.write(options.json, {"streams": rounds})
    print(_ways(rounds))
    print(_processes(rounds))


def _ways(rounds: Sequence[Mapping[str, Any]]) -> str:
    """Medians over the rounds."""
    rows = []
    for name in ("direct", "perdure", "perdure, few", "litellm, few"):
        ways = [found[name] for found in rounds if name in found]
        if ways:
            middle = [report.median([way[what][p] for way in ways]) for what, p in _SHOWN]
            pace = report.median([way["tokens"] / way["window_s"] for way in ways])
            costs = [way["cpu_s_per_1000_tokens"] for way in ways if "cpu_s_per_1000_tokens" in way]
            rows.append([f"{name} ({ways[0]['streams']})", pace, *middle, report.median(costs) if costs else "-"])
    figures = [f"{what.removesuffix('_ms')} {p}" for what, p in _SHOWN]
    return report.table(["way (streams), ms", "tokens/s", *figures, "CPU s / 1,000 tokens"], rows)


_SHOWN = (("delay_ms", "p50"), ("delay_ms", "p99"), ("delay_ms", "max"), ("lag_ms", "p50"), ("lag_ms", "p99"))


def _processes(rounds: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for name in rounds[0]["perdure"]["cpu_s"]:
        busy = [found["perdure"]["memory"][name] for found in rounds]
        idle = [found["idle"].get(name, {}) for found in rounds]
        memory = [report.median([one.get(of, 0.0) for one in state]) for state in (idle, busy) for of in ("rss", "pss")]
        share = [found["perdure"]["cpu_s"][name] / found["perdure"]["window_s"] for found in rounds]
        rows.append([name, *memory, report.median(share)])
    head = ["process", "idle RSS (MiB)", "idle PSS", "busy RSS", "busy PSS", "CPU s each s, busy"]
    return report.table(head, rows)


def _told(memory: Mapping[str, Memory]) -> dict[str, dict[str, float]]:
    return {name: asdict(one) for name, one in memory.items()}


if __name__ == "__main__":
    run(main)
