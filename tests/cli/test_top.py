"""`perdure top`: what the page of the operator shows, in a terminal, and what its keys do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Open
from tests.cli.server import ask
from tests.http.installation import Installation, ScriptedBackend, environment, eventually, perdure, running

TOKEN = "a token with spaces"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure of its own, which wants an access token."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    for one in running(Installation(folder, backend_url=backend.url, access_token=TOKEN)):
        eventually(one.is_whole)
        yield one


def test_a_worker_is_chosen_and_restarted(guarded: Installation, open_terminal: Open) -> None:
    """A no changes nothing; a y is done, under the name of whoever runs it. The terminal is left as it was."""
    top = open_terminal("top", "--server", guarded.url, PERDURE_ACCESS_TOKEN=TOKEN)
    top.until(lambda screen: "›web" in screen)
    top.type("\x1b[B\t")
    top.until(lambda screen: "›worker-2" in screen)
    old = guarded.pid("worker-2")
    top.type("r")
    top.until(lambda screen: "Restart worker-2? y/n" in screen)
    top.type("n")
    top.until(lambda screen: "y/n" not in screen)
    top.type("r")
    top.until(lambda screen: "Restart worker-2? y/n" in screen)
    top.type("y")
    top.until(lambda screen: "Done." in screen)
    eventually(lambda: guarded.pid("worker-2") not in (None, old))
    acts = eventually(lambda: ask(guarded.url, "/operator/acts", TOKEN)["acts"])
    assert [one["act"] for one in acts] == ["restart worker-2"]
    assert "access token" in acts[0]["by"]
    top.type("q")
    assert top.ended() == 0
    assert top.cooked()


def test_pause_and_drain_are_told_and_taken_back(guarded: Installation, open_terminal: Open) -> None:
    """By the same keys; Ctrl-C leaves too."""
    top = open_terminal("top", "--server", guarded.url, PERDURE_ACCESS_TOKEN=TOKEN)
    top.until(lambda screen: "›web" in screen)

    def press(key: str, question: str, told: str, *, after: bool) -> None:
        top.type(key)
        top.until(lambda screen: question in screen)
        top.type("y")
        top.until(lambda screen: (told in screen) is after)

    for key, told in (("p", "No new messages are taken"), ("d", "No further replies are taken up")):
        press(key, "y/n", told, after=True)
        press(key, "Take back", told, after=False)
    top.type("\x03")
    assert top.ended() == 0


def test_it_goes_on_through_a_restart_of_everything(guarded: Installation, open_terminal: Open) -> None:
    """What is shown is said to be old meanwhile."""
    top = open_terminal("top", "--server", guarded.url, PERDURE_ACCESS_TOKEN=TOKEN)
    top.until(lambda screen: "›web" in screen)
    guarded.stop()
    top.until(lambda screen: "old: reconnecting" in screen)
    guarded.start()
    top.until(lambda screen: "›web" in screen and "old:" not in screen)
    top.type("q")
    assert top.ended() == 0


def test_a_process_is_restarted_without_web(guarded: Installation, tmp_path: Path) -> None:
    """Web itself, too; it stands among the acts. One that there is not, and no server, are told as what they are."""

    def restart(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
        command = perdure("restart", name, "--data-dir", str(folder))
        return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)

    old = guarded.pid("web")
    done = restart("web", guarded.data_dir)
    assert (done.stdout, done.stderr) == ("web is being restarted.\n", "")
    eventually(lambda: guarded.pid("web") not in (None, old))
    assert "restart web" in [one["act"] for one in ask(guarded.url, "/operator/acts", TOKEN)["acts"]]
    nobody = restart("nobody", guarded.data_dir)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "nobody" in nobody.stderr
    assert "No Perdure is running" in restart("web", tmp_path).stderr


def test_who_finds_nobody_is_told_so_and_where_else_to_look(open_terminal: Open) -> None:
    """An operator who is called at night asks first what is there, and web may not be."""
    top = open_terminal("top", "--server", "http://127.0.0.1:9")
    top.until(lambda screen: "reconnecting" in screen and "perdure ps" in screen)
    top.type("q")
    assert top.ended() == 0


def test_once_and_json_are_for_pipes(guarded: Installation) -> None:
    """And who has no token is told so."""

    def run(*options: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
        command = perdure("top", "--server", guarded.url, *options)
        given = environment(access_token=token)
        return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)

    assert {one["name"] for one in json.loads(run("--json").stdout)["processes"]} >= {"web", "worker-1", "health"}
    once = run()
    assert "worker-1" in once.stdout
    assert "\x1b" not in once.stdout
    refused = run(token="wrong")
    assert refused.returncode == 1
    assert "access token" in refused.stderr
