"""The child's side of the lifeline. That it ends with its supervisor is proved in tests/process."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdure.supervise import lifeline
from perdure.supervise.lifeline import Lifeline

pytestmark = pytest.mark.anyio


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit statuses with which the lifeline would have ended this process."""
    statuses: list[int] = []
    monkeypatch.setattr(os, "_exit", statuses.append)
    return statuses


@pytest.fixture
def pair(exits: list[int]) -> Iterator[tuple[Lifeline, socket.socket]]:
    """A lifeline and the supervisor's end of it, whose end of file would end this process."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    with theirs:
        yield Lifeline("worker-1", "abc", theirs), ours
        ours.close()
        for thread in threading.enumerate():
            if thread.name == "lifeline":
                thread.join()
    assert exits == [lifeline.EXIT_ORPHANED]


async def test_notices_arrive_whole_and_in_order(pair: tuple[Lifeline, socket.socket]) -> None:
    """Notices cut or joined by the socket arrive as sent; lines that are none are passed over."""
    line, supervisor = pair
    pieces = [b'{"event":"died","na', b'me":"a"}\nrubbish\n[1]\n{"event":"died","name":"b"}\n{"x', b'":1}\n']
    for piece in pieces:
        supervisor.sendall(piece)
    notices = line.notices()
    async with asyncio.timeout(10):
        heard = [await anext(notices) for _ in range(3)]
    assert heard == [{"event": "died", "name": "a"}, {"event": "died", "name": "b"}, {"x": 1}]


async def test_a_notice_wakes_a_waiting_reader(pair: tuple[Lifeline, socket.socket]) -> None:
    """A reader that already waits is woken by the notice."""
    line, supervisor = pair
    waiting = asyncio.ensure_future(anext(line.notices()))
    await asyncio.sleep(0)
    supervisor.sendall(b'{"event":"died"}\n')
    async with asyncio.timeout(10):
        assert await waiting == {"event": "died"}


async def test_beats_say_the_last_word(pair: tuple[Lifeline, socket.socket]) -> None:
    """``say`` sends at once and sets what later beats say."""
    line, supervisor = pair
    line.say("starting")
    line.say()
    line.say("ready")
    assert supervisor.recv(1000) == b"starting\nstarting\nready\n"


async def test_a_sick_child_skips_its_beats(pair: tuple[Lifeline, socket.socket]) -> None:
    """No beat is sent while the health check says no or fails."""
    line, supervisor = pair
    answers = iter(["no", "yes", "broken", "yes"])
    done = asyncio.Event()

    async def healthy() -> bool:
        match next(answers, None):
            case None:
                done.set()
                return False
            case "broken":
                raise RuntimeError("the check is broken")
            case answer:
                return answer == "yes"

    task = asyncio.create_task(lifeline.beat(line, healthy, period_s=0.001))
    async with asyncio.timeout(10):
        await done.wait()
    task.cancel()
    assert supervisor.recv(1000) == b"ready\nready\n"


async def test_a_supervisor_that_does_not_read_blocks_nobody(pair: tuple[Lifeline, socket.socket]) -> None:
    """Beats to a stopped supervisor are dropped, not waited for."""
    line, _ = pair
    for _ in range(100_000):
        line.say()


async def test_without_a_supervisor_nothing_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, as under systemd, a process has its own name and a new incarnation, and beats go nowhere."""
    for key in (lifeline.NAME, lifeline.INCARNATION, lifeline.LIFELINE_FD):
        monkeypatch.delenv(key, raising=False)
    first, second = lifeline.attach("worker-x"), lifeline.attach("worker-x")
    first.say()
    assert (first.name, first.supervised) == ("worker-x", False)
    assert first.incarnation != second.incarnation


def test_the_package_needs_the_standard_library_only() -> None:
    """A child is attached before anything heavy is imported: nothing here brings in a third-party package."""
    modules = [path.stem for path in Path(lifeline.__file__).parent.glob("[!_]*.py")]
    check = (
        "import sys; before = set(sys.modules)\n"
        f"import perdure.supervise.{', perdure.supervise.'.join(modules)}\n"
        "new = {module.partition('.')[0] for module in set(sys.modules) - before}\n"
        "print(new - set(sys.stdlib_module_names) - {'perdure'})"
    )
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()", told.stdout
