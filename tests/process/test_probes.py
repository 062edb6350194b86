"""What orchestrators are told: alive means that the process answers, ready that it can do its work."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.http.asking import Asking, asking
from tests.http.installation import DEADLINE_S, Installation, ScriptedBackend, eventually

pytestmark = pytest.mark.anyio

READERS_AT, READERS = 123, 5
"""The bytes of the `-shm` file that readers lock (SQLite, "WAL-mode File Format", 2.3)."""


@pytest.fixture(scope="module")
def single(backend: ScriptedBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A Perdure of its own: nobody else should find its record locked."""
    installation = Installation(tmp_path_factory.mktemp("probes") / "data", backend_url=backend.url, workers=1)
    installation.start()
    eventually(lambda: installation.pid("health"))
    yield installation
    installation.close()


@contextmanager
def unreadable(record: Path) -> Iterator[None]:
    """Hold the locks that every reader needs."""
    with record.with_name(f"{record.name}-shm").open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, READERS, READERS_AT)
        yield


async def until(ask: Asking, path: str, status: int) -> None:
    """Ask until it is answered so."""
    async with asyncio.timeout(DEADLINE_S):
        while (await ask("GET", path)).status != status:
            await asyncio.sleep(0.05)


async def test_a_record_that_cannot_be_read_is_not_ready_and_alive(single: Installation) -> None:
    """Starting web anew would mend nothing, and take the page away that says what is wrong."""
    async with asking(single.url) as ask:
        await until(ask, "/readyz", 200)
        with unreadable(single.data_dir / "perdure.db"):
            (await ask("GET", "/readyz")).problem(503, "store_unavailable")
            assert (await ask("GET", "/healthz")).status == 200
        await until(ask, "/readyz", 200)


async def test_the_metrics_answer_without_the_health_process(single: Installation) -> None:
    """Of web itself, and that the rest is missing; when it is back so are its own."""
    async with asking(single.url) as ask:
        single.kill("health")
        told = (await ask("GET", "/metrics")).content
        assert b"\nperdure_health_up 0.0\n" in told
        assert b"\nperdure_http_requests_total{" in told
        assert b"\nperdure_queue_waiting" not in told
        async with asyncio.timeout(DEADLINE_S):
            while b"\nperdure_health_up 1.0\n" not in (await ask("GET", "/metrics")).content:
                await asyncio.sleep(0.1)
