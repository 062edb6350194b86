"""`perdure diagnose`: what people read, what programs read, and the way back of what was away."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner, Result

from perdure.cli import main
from perdure.cli.diagnose_command import pause_s
from tests.diagnose.faults import Handler, Server, serving, status
from tests.faults.networks import nobody


@contextmanager
def beside(handler: Handler) -> Iterator[Server]:
    """The server in a thread of its own: the command has its own loop."""
    started, ended = threading.Event(), asyncio.Event()
    kept: list[Server] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(handler) as served:
            kept.append(served)
            started.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait(10)
    try:
        yield kept[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["diagnose", *words])


def test_people_read_where_the_way_ends_whose_fault_it_is_and_what_helps() -> None:
    """Without colours in a pipe, with the step that failed, the row of the table, and the exit code."""
    result = run(nobody())
    assert result.exit_code == 12
    assert "✗ Connection" in result.output
    assert "It is the network (almost certain, 90%)" in result.output
    assert "connection_refused" in result.output
    assert "Start the server, and check the port." in result.output
    assert "\x1b" not in result.output


def test_programs_read_the_same_as_a_document() -> None:
    """Each step with its time, the verdict with its confidence and evidence, the row of the table."""
    with beside(status(500, b"Oops", "text/plain")) as served:
        result = run("--json", served.url())
    found = json.loads(result.output)
    assert result.exit_code == found["exit_code"] == 10
    assert found["finding"] == "server" and found["confidence"] == 0.9
    assert found["error"]["code"] == "service_failed" and found["error"]["page"] == "/help/errors/service_failed"
    assert found["evidence"] == ["Status 500, with text/plain."]
    steps = {step["step"]: step for step in found["steps"]}
    assert steps["answer"]["took_s"] > 0 and steps["connect"]["took_s"] > 0


def test_it_tells_when_a_service_is_back_and_how_long_it_was_away() -> None:
    """A line for what is wrong, none for each look that finds the same, and a last one; then it exits with 0."""
    looks = 0

    async def recovering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        nonlocal looks
        looks += "Upgrade" not in head and "event-stream" not in head
        await status(200 if looks > 3 else 503)(reader, writer, head)

    with beside(recovering) as served:
        result = run("--watch", "--interval", "0.1", served.url())
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert len(lines) == 2, result.output
    assert "It is the server: Status 503" in lines[0]
    assert "It is back. It was away for" in lines[1]


def test_waiting_ends_where_it_mends_nothing_more() -> None:
    """What answers that it wants a key is not away: it says so, how long it was, and exits with that class."""
    looks = 0

    async def recovering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        nonlocal looks
        looks += 1
        await status(503 if looks <= 2 else 401 if looks <= 6 else 200)(reader, writer, head)

    with beside(recovering) as served:
        result = run("--watch", "--interval", "0.1", served.url())
    lines = result.output.splitlines()
    assert result.exit_code == 13
    assert "It is the server: Status 503" in lines[0]
    assert "It answers again. It was away for" in lines[1]
    assert "Waiting mends no more of it. It is on this side: Status 401" in lines[2]


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_who_watches_obeys_what_the_service_asks_for(chance: float) -> None:
    """Not before it says, within reason, and not all at the same moment."""
    assert pause_s(5, None, chance) == 5 * (0.5 + chance)
    assert pause_s(5, 120, chance) > 120
    assert pause_s(5, 1e9, chance) < 620


def test_what_a_stranger_wrote_does_not_steer_the_terminal() -> None:
    """An escape sequence in a title is shown as what it is."""
    body = b'{"code": "overloaded", "title": "\\u001b[2JGone"}'
    with beside(status(503, body, "application/json")) as served:
        result = run(served.url())
    assert "Gone" in result.output and "\x1b" not in result.output


def test_a_mistake_in_the_call_is_told_as_one() -> None:
    """With click's own exit code, which no class has."""
    assert run("ftp://example.test/").exit_code == 2
    assert run("http://user:secret@example.test/").exit_code == 2
    assert "secret" not in run("http://user:secret@example.test/").output
    assert run("http://127.0.0.1/", "--resolver", "name.test").exit_code == 2
    assert run("http://127.0.0.1/", "--token-from", "NO_SUCH_VARIABLE").exit_code == 2
