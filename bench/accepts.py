"""Durable accepts per second, beside the rate at which the disk makes a write durable.

A client sends `PUT` of a message after `PUT` of a message, each as soon as the one before is answered (201: it is on
disk). With `reply: false` each client keeps to a chat of its own. With `reply: true` a turn is accepted in the same
transaction; each message has a new chat then (made beforehand), since a chat takes no message while a reply is in
progress, and the workers answer meanwhile with one token from the scripted backend, on the same cores. The disk's own
rate is that of appending 4 KiB to a file in the same folder and calling `fdatasync`, one after the other, taken just
before each figure.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

from bench import report
from bench.bystanders import Bystanders, quiet
from bench.disk import fdatasync_rate
from bench.processes import cpu_of, spent
from bench.servers import Server, perdure, scripted, told
from bench.wire import Connection, run

CLIENTS = (1, 64)


async def chats(connections: Sequence[Connection], count: int) -> list[list[str]]:
    """`count` new chats for each connection."""
    character = (await connections[0].ask("GET", "/api/v1/characters")).json()["characters"][0]["id"]

    async def some(connection: Connection) -> list[str]:
        made = [str(uuid4()) for _ in range(count)]
        for chat in made:
            (await connection.ask("PUT", f"/api/v1/chats/{chat}", {"character_ids": [character]})).json()
        return made

    return list(await asyncio.gather(*(some(connection) for connection in connections)))


async def rate(server: Server, clients: int, most: int, seconds: float, *, reply: bool) -> dict[str, Any]:
    """Accepts per second by `clients`, for `seconds` or until each has had `most`."""
    connections = [await Connection.open(server.port) for _ in range(clients)]
    places = await chats(connections, most if reply else 1)
    times: list[float] = []
    before = cpu_of(server.pids)
    began = time.perf_counter()

    async def one(connection: Connection, own: list[str]) -> None:
        for n in range(most):
            if time.perf_counter() - began > seconds:
                return
            path = f"/api/v1/chats/{own[n % len(own)]}/messages/{uuid4()}"
            answer = await connection.ask("PUT", path, {"text": "Are you there?", "reply": reply})
            answer.json()
            times.append((answer.ended_ns - answer.began_ns) / 1e6)

    await asyncio.gather(*(one(connection, own) for connection, own in zip(connections, places, strict=True)))
    took_s = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return {
        "per_s": round(len(times) / took_s, 1),
        "accepts": len(times),
        "ms": report.summary(times),
        "cpu_s": spent(before, cpu_of(server.pids)),
    }


async def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, 7, seconds=3.0, disk_s=0.5)
    found: dict[str, list[dict[str, Any]]] = {}
    async with AsyncExitStack() as stack:
        backend = stack.enter_context(scripted())
        await told(backend, 1, 0.0)
        server = await stack.enter_async_context(
            perdure("--backend-url", backend.url, "--model", "scripted", "--log-level", "warning")
        )
        for n in range(options.rounds):
            await quiet(options.quiet_s)
            for clients in CLIENTS:
                for reply in (False, True):
                    disk = fdatasync_rate(server.folder / "data", options.disk_s)
                    most = 100_000 if not reply else max(40, 1200 // clients)
                    watched = Bystanders()
                    figures = await rate(server, clients, most, options.seconds, reply=reply)
                    beside = {"fdatasync_per_s": round(disk, 1), "others_cores": watched.cores()}
                    name = f"{clients} clients, {'message and turn' if reply else 'message alone'}"
                    found.setdefault(name, []).append({**figures, **beside})
                    report.say(f"round {n + 1}, {name}: {figures['per_s']}/s, {beside}")
                    await _quiet(server)
    report.write(options.json, {"accepts": found})
    rows = [
        [name, *(report.median([r[what] for r in rounds]) for what in ("per_s", "fdatasync_per_s")),
         report.median([r["per_s"] / r["fdatasync_per_s"] for r in rounds]),
         *(report.median([r["ms"][p] for r in rounds]) for p in ("p50", "p99"))]
        for name, rounds in found.items()
    ]  # fmt: skip
    print(report.table(["clients, what", "accepts/s", "fdatasync/s", "ratio", "answer p50 (ms)", "answer p99"], rows))


async def _quiet(server: Server) -> None:
    """Wait until the workers have answered everything: they use hardly any CPU any more."""
    while True:
        before = cpu_of(server.pids)
        await asyncio.sleep(0.5)
        if sum(spent(before, cpu_of(server.pids)).values()) < 0.1:
            return


if __name__ == "__main__":
    run(main)
