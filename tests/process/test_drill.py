"""The drill passes a Perdure that keeps its promises and sees each one that is broken.

A check that cannot fail proves nothing, so `sabotage/` breaks one promise at a time in a real server, from outside of
the product, and the drill has to exit with 1 and name the right breach.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from perdure.cli.drill_command import command
from perdure.drill.plan import Kind, Moment, Strike, draw
from perdure.drill.processes import MARK
from tests.http.installation import DEADLINE_S

pytestmark = pytest.mark.thorough

SABOTAGE = Path(__file__).parent / "sabotage"
PATIENCE_S = 240.0
"""How long a drill may take on a machine that is busy with other things, in seconds."""


def drill(folder: Path, *arguments: str, sabotage: str | None = None) -> tuple[int, dict[str, Any]]:
    """The exit status and the JSON of a small scripted drill."""
    result = folder / "drill.json"
    program = [sys.executable, "-m", "perdure", "drill", "--scripted", "--json", str(result), *arguments]
    done = subprocess.run(
        program,
        env=environment(folder, sabotage),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert result.exists(), done.stdout + done.stderr
    return done.returncode, json.loads(result.read_text())


def environment(folder: Path, sabotage: str | None = None) -> dict[str, str]:
    """Ours, with all that the drill leaves behind in the test's own folder."""
    env = {**os.environ, "TMPDIR": str(folder)}
    if sabotage is not None:
        env["DRILL_SABOTAGE"] = sabotage
        env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(SABOTAGE), os.environ.get("PYTHONPATH"))))
    return env


def seed_where(wanted: Callable[[Strike], bool], kind: Kind) -> str:
    """The first seed whose first strike of that kind is as wanted: what a plan holds follows from its seed."""
    return str(next(seed for seed in count() if wanted(draw(Random(seed), 1, 2, [kind])[0])))


def breaches(report: dict[str, Any]) -> set[str]:
    """The kinds of breaches that were found."""
    return {fault for fault, found in report["breaches"].items() if found}


def test_a_server_that_keeps_its_promises_passes(tmp_path: Path) -> None:
    """Every kind of strike but the slowest, with nothing lost, repeated, taken back, left over or kept for later."""
    kinds = (
        Kind.KILL_WORKER,
        Kind.KILL_WEB,
        Kind.KILL_MODEL,
        Kind.KILL_ALL,
        Kind.FREEZE_WORKER,
        Kind.REVIVE_WORKER,
    )
    only = [argument for kind in kinds for argument in ("--only", str(kind))]
    status, report = drill(tmp_path, "--kills", "6", "--seed", "7", "--chats", "3", *only)
    assert breaches(report) == set(), report["findings"]
    assert status == 0
    assert report["held"]
    assert Counter(strike["kind"] for strike in report["strikes"]) == Counter(map(str, kinds))
    assert report["messages"] >= 3
    assert any(takeover["took_s"] for strike in report["strikes"] for takeover in strike["takeovers"])
    assert [path.name for path in tmp_path.iterdir()] == ["drill.json"]


def test_a_zombie_that_writes_is_seen(tmp_path: Path) -> None:
    """Promise 3 broken: a worker that comes back from the dead goes on speaking.

    Twice, because a worker that was frozen while it held the record's lock has lost nothing when it comes back.
    """
    revive = Kind.REVIVE_WORKER
    seed = seed_where(lambda strike: strike.moment is Moment.SPEAKING and 2 < strike.tokens < 8, revive)
    status, report = drill(
        tmp_path, "--kills", "2", "--seed", seed, "--chats", "2", "--only", str(revive), sabotage="fence ignored"
    )
    assert status == 1, report
    assert breaches(report) & {"repeated", "taken_back", "after_end", "gap"}, report


def test_a_reply_that_begins_again_is_seen(tmp_path: Path) -> None:
    """Promise 4 broken: a takeover ignores how far the reply was; every delta fits, but the text is not the model's."""
    kill = Kind.KILL_WORKER
    seed = seed_where(lambda strike: strike.moment is Moment.SPEAKING and 2 < strike.tokens < 8, kill)
    status, report = drill(
        tmp_path,
        "--kills",
        "1",
        "--seed",
        seed,
        "--chats",
        "2",
        "--only",
        str(kill),
        sabotage="offset ignored",
    )
    assert status == 1, report
    assert breaches(report) == {"altered"}, report


def test_a_message_that_is_acknowledged_too_early_is_seen(tmp_path: Path) -> None:
    """Promise 1 broken: web says 201 and dies before it has written."""
    kill = Kind.KILL_WEB
    seed = seed_where(lambda strike: strike.moment is Moment.ACCEPTED, kill)
    status, report = drill(
        tmp_path, "--kills", "1", "--seed", seed, "--chats", "1", "--only", str(kill), "--stuck-after", "20",
        sabotage="acknowledged too early",
    )  # fmt: skip
    assert status == 1, report
    assert "lost" in breaches(report), report


def test_an_interrupted_drill_leaves_nothing_behind(tmp_path: Path) -> None:
    """No process, not even a frozen one, and no folder."""
    with freezing(tmp_path, Kind.FREEZE_WORKER) as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert list(tmp_path.iterdir()) == []
    assert started_below(tmp_path) == {}


@pytest.mark.parametrize("kind", [Kind.FREEZE_WORKER, Kind.FREEZE_MODEL])
def test_a_killed_drill_leaves_no_process_behind(tmp_path: Path, kind: Kind) -> None:
    """It can end nothing any more, and what it has frozen cannot end by itself: the kernel ends them all."""
    with freezing(tmp_path, kind) as process:
        assert len(started_below(tmp_path)) >= 5, "the server, web, two workers and the backend"
        process.kill()
        process.communicate(timeout=PATIENCE_S)
    until = time.monotonic() + DEADLINE_S
    while left := started_below(tmp_path):
        assert time.monotonic() < until, left
        time.sleep(0.02)


@contextlib.contextmanager
def freezing(folder: Path, kind: Kind) -> Iterator[subprocess.Popen[bytes]]:
    """A long drill, at an instant at which it has frozen a process."""
    program = [sys.executable, "-m", "perdure", "drill", "--scripted", "--kills", "99", "--only", str(kind)]
    with subprocess.Popen(program, env=environment(folder), stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            while not any(state == "T" for state in started_below(folder).values()):
                assert process.poll() is None, "it ended before it froze anything"
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def started_below(folder: Path) -> dict[int, str]:
    """The kernel's letter for the state of each process that a drill has started in `folder`."""
    found = {}
    for entry in Path("/proc").iterdir():
        # Processes that end meanwhile, and such as are not ours to look at.
        with contextlib.suppress(OSError):
            marked = entry.name.isdigit() and f"{MARK}=".encode() in (entry / "environ").read_bytes()
            if marked and str(folder) in str((entry / "cwd").readlink()):
                found[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()[0]
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ["--scripted", "--server", "http://127.0.0.1:1"],
        ["--scripted", "--backend-url", "http://127.0.0.1:1"],
        ["--kills", "0"],
        ["--only", "tickle web"],
    ],
)
def test_what_cannot_be_drilled_is_a_usage_error(arguments: list[str]) -> None:
    """Exit status 2, so that a script can tell it from a breach."""
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert "Error" in result.output
