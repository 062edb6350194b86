"""What the health process knows of processes, from a supervisor that does not always answer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from perdure.bootstrap.health_processes import KnownProcesses
from perdure.core.health import Finding

pytestmark = pytest.mark.anyio

WORKER = {
    "name": "worker-1", "role": "worker", "pid": 1, "state": "running", "restarts": 0, "deaths": 0,
    "since": 0.0, "silent": False, "needs_operator": False, "last_exit": None,
}  # fmt: skip


async def test_a_supervisor_that_does_not_answer_is_no_failure_of_the_look(tmp_path: Path) -> None:
    """On a machine that stalls it takes its time: that is said once, in a line, and what was seen last stays known."""
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "control.sock"
    answers = [json.dumps([WORKER]), "", "", json.dumps([WORKER])]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answers.pop(0).encode())
        writer.close()

    known = KnownProcesses(path, lambda row: str(row["name"]))
    async with await asyncio.start_unix_server(serve, path):
        with capture_logs() as logs:
            found = [await known.look.find() for _ in range(len(answers))]
    assert found == [{"worker-1": Finding()}, {}, {}, {"worker-1": Finding()}]
    assert [one["event"] for one in logs] == ["the supervisor does not answer"]
    assert "exc_info" not in logs[0]
    assert known.writers() == {1: "worker-1"}
