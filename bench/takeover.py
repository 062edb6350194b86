"""From the loss of a process to the next new token at the client.

One reply at a time: a message is sent, some 5 to 25 tokens are let pass, then a process is killed (SIGKILL) or frozen
(SIGSTOP), and the clock runs until the next token that was not there before reaches the client. For a worker that is
the first `delta` behind the `turn` event that tells of the new attempt: what the dead worker had committed and the
client had not yet read does not count. For web the client's stream breaks; it comes back at once, with `Last-Event-ID`,
and again after 20 ms whenever it is sent away; the first new `delta` counts. Meanwhile a second client makes a new
connection every 5 ms and asks `/healthz` on it: connections that are refused, or broken before they are answered, are
counted. For the embedded model the load time (from the start of its process to its being ready, as `serve` sees it)
stands beside. `--pause-s` lies between two strikes, so that the restart policy takes each for a first death.

`--backend scripted` (one token each 20 ms) or `embedded` (the starter model).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from bench import report
from bench.bystanders import Bystanders, quiet
from bench.follow import Chat, Knocker, Seen
from bench.servers import Server, bring_weights, data_folder, perdure, processes, running, scripted, told
from bench.wire import Connection, WireError, run

TOKENS, INTERVAL_S = 400, 0.02
QUESTION = "Tell me a long story about a lighthouse."

STRIKES: dict[str, tuple[str, signal.Signals]] = {
    "worker SIGKILL": ("worker", signal.SIGKILL),
    "worker SIGSTOP": ("worker", signal.SIGSTOP),
    "web SIGKILL": ("web", signal.SIGKILL),
    "model SIGKILL": ("model", signal.SIGKILL),
}


async def strike(server: Server, victim: str, signum: signal.Signals) -> float:
    """One reply with one strike; returns the seconds from the signal to the next new token."""
    chat = await Chat.begin(server)
    turn_id = await chat.say(QUESTION)
    tokens = random.randrange(5, 25)
    await chat.until(lambda _: chat.reader.text.count(" ") >= tokens)
    name = victim
    attempt = 1
    if victim == "worker":
        attempts = (await chat.calls.ask("GET", f"/api/v1/turns/{turn_id}")).json()["attempts"]
        name, attempt = attempts[-1]["worker"], attempts[-1]["n"]
    pid = next(row["pid"] for row in await processes(server.port) if row["name"] == name)
    # A random moment between two commits, not the one just behind what was awaited.
    await asyncio.sleep(random.uniform(0.0, 0.1))
    reader = chat.reader
    struck_ns = time.perf_counter_ns()
    os.kill(pid, signum)
    marker = {"again": victim == "web"}

    def new(seen: Seen) -> bool:
        if seen.at_ns <= struck_ns:
            return False
        if seen.kind == "turn" and seen.data["state"] == "failed":
            raise WireError(f"the turn failed: {seen.data['error']}")
        if seen.kind == "turn" and victim != "web":
            marker["again"] |= len(seen.data["attempts"]) > attempt and seen.data["state"] == "running"
        fresh = chat.reader is not reader or victim != "web"
        return seen.kind == "delta" and marker["again"] and fresh

    seen = await chat.until(new)
    chat.close()
    calls = await Connection.open(server.port)
    await calls.ask("POST", f"/api/v1/turns/{turn_id}/stop")
    calls.close()
    return (seen.at_ns - struck_ns) / 1e9


async def strikes(server: Server, name: str, times: int, pause_s: float, quiet_s: float) -> dict[str, Any]:
    """Strike again and again; times in seconds."""
    victim, signum = STRIKES[name]
    taken: list[float] = []
    knocker = Knocker(server.port)
    knocking = asyncio.create_task(knocker.run()) if victim == "web" else None
    others: list[float] = []
    for n in range(times):
        await quiet(quiet_s)
        watched = Bystanders()
        taken.append(await strike(server, victim, signum))
        if n % 10 == 9:
            report.say(f"{n + 1} {signum.name} of {victim}: {report.summary(taken)}")
        await asyncio.sleep(pause_s)
        await running(server.port)
        others.append(watched.cores())
    found: dict[str, Any] = {"s": report.summary(taken), "all_s": [round(one, 4) for one in taken]}
    found["others_cores"] = others
    if knocking is not None:
        knocking.cancel()
        found["connections"] = knocker.figures()
    if victim == "model":
        found["load_s"] = report.summary(_loads(server))
    return found


def _loads(server: Server) -> Sequence[float]:
    """Seconds from a start of the model's process to its being ready, as often as it was started, from the log."""
    began = 0.0
    loads = []
    for line in (server.folder / "serve.log").read_text().splitlines():
        entry = json.loads(line)
        at = time.mktime(time.strptime(entry["timestamp"][:19], "%Y-%m-%dT%H:%M:%S")) + float(entry["timestamp"][19:-1])
        if entry["event"].startswith("model started"):
            began = at
        elif began and entry["event"].startswith("model is ready"):
            loads.append(round(at - began, 3))
            began = 0.0
    return loads


async def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, 50, backend="both", stops=20, models=10, pause_s=4.0)
    found: dict[str, Any] = {}
    for kind in ("scripted", "embedded"):
        if options.backend not in (kind, "both"):
            continue
        async with AsyncExitStack() as stack:
            flags = ["--log-json", "--max-tokens", "1000", "--temperature", "0"]
            if kind == "scripted":
                backend = stack.enter_context(scripted())
                await told(backend, TOKENS, INTERVAL_S)
                flags += ["--backend-url", backend.url, "--model", "scripted"]
            folder = stack.enter_context(data_folder())
            if kind == "embedded":
                bring_weights(folder)
            server = await stack.enter_async_context(perdure(*flags, folder=folder))
            await asyncio.sleep(options.pause_s)
            for name in STRIKES:
                if name.startswith("model") and kind == "scripted":
                    continue
                times = {"worker SIGSTOP": options.stops, "model SIGKILL": options.models}.get(name, options.rounds)
                if times:
                    figures = await strikes(server, name, times, options.pause_s, options.quiet_s)
                    found[f"{name}, {kind}"] = figures
                report.write(options.json, {"takeover": found})
    rows = [[name, *(f["s"][key] for key in ("n", "p50", "p99", "max")), _beside(f)] for name, f in found.items()]
    print(report.table(["lost, backend", "n", "p50 (s)", "p99", "max", "beside it"], rows))


def _beside(figures: dict[str, Any]) -> str:
    if "connections" in figures:
        return ", ".join(f"{name} {value}" for name, value in figures["connections"].items())
    if "load_s" in figures:
        return f"load time p50 {figures['load_s'].get('p50', '?')} s"
    return ""


if __name__ == "__main__":
    run(main)
