"""Reads the page four times a second, as anybody's browser would, and keeps what it told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from perdure.core.health import Level
from perdure.health.components import components
from tests.bad_day.judge import Sample, Told

EVERY_S = 0.25
PATIENCE_S = 0.6
"""Whoever does not answer for so long is away: the copy is read instead."""

_IDS = {spec.name: spec.id for spec in components(("worker-1", "worker-2"), "")}
"""What is meant by the names that are shown."""


class Reader:
    """Reads the page of the server at `url`, and where that is away its copy in `folder`."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._asking: set[asyncio.Task[None]] = set()
        self.samples: list[Sample] = []

    async def run(self) -> None:
        """Read for ever; cancel to end."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with aiohttp.ClientSession(self._url, timeout=timeout) as session:
            while True:
                # No reading waits for one before it that hangs.
                task = asyncio.create_task(self._read(session))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
                await asyncio.sleep(EVERY_S)

    async def _read(self, session: aiohttp.ClientSession) -> None:
        try:
            summary, incidents = [await _asked(session, name) for name in ("summary", "incidents")]
            copied = False
        except (aiohttp.ClientError, TimeoutError, ValueError):
            with suppress(OSError, ValueError):
                summary, incidents = [self._drawn(name) for name in ("summary", "incidents")]
                copied = True
                self._keep(summary, incidents, copied=copied)
            return
        self._keep(summary, incidents, copied=copied)

    def _drawn(self, name: str) -> Any:
        return json.loads((self._folder / "api" / "v2" / f"{name}.json").read_bytes())

    def _keep(self, summary: Mapping[str, Any], incidents: Mapping[str, Any], *, copied: bool) -> None:
        levels = {_IDS[one["name"]]: Level(one["status"]) for one in summary["components"]}
        if levels:  # a web that has just begun knows nothing yet, and says so
            told = [_told(one) for one in incidents["incidents"]]
            self.samples.append(Sample(time.time(), levels, told, copied))


async def _asked(session: aiohttp.ClientSession, name: str) -> Any:
    async with session.get(f"/api/v2/{name}.json") as answer:
        answer.raise_for_status()
        return await answer.json()


def _told(one: Mapping[str, Any]) -> Told:
    more = one["perdure"]
    return Told(
        one["id"],
        more["root"],
        more["cause"],
        _seconds(one["started_at"]),
        None if one["resolved_at"] is None else _seconds(one["resolved_at"]),
        frozenset(_IDS[component["name"]] for component in one["components"]),
        more["needs_operator"],
    )


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
