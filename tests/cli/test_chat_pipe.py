"""`perdure chat` in a pipe, and what it makes of its arguments: plain output that scripts can rely on."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from click.testing import CliRunner, Result

from perdure.cli import server_option
from perdure.cli.chat_command import command
from perdure.cli.telling import told
from perdure.config import Settings
from perdure.core.errors import ConnectionRefused, recall
from tests.cli.server import ask, branch
from tests.http.asking import reply_to
from tests.http.installation import DEADLINE_S, Installation, environment, eventually, perdure

_VARIABLES = [f"PERDURE_{name.upper()}" for name in Settings.model_fields]


def run(*arguments: str, said: str = "", **settings: str) -> Result:
    """The command with its input from a pipe; in this process, since a new one takes a second to start."""
    runner = CliRunner(env={name: settings.get(name.removeprefix("PERDURE_").lower()) for name in _VARIABLES})
    return runner.invoke(command, arguments, input=said)


def test_each_line_is_a_message(installation: Installation) -> None:
    """The greeting and the replies come out as they are, and nothing else; empty lines are no messages."""
    lines = ["one [[tokens=5]]", "", "two, ünïcödé 🦆 [[tokens=7]]  "]
    done = run("Mizzle", "--server", installation.url, said="\n".join(lines))
    messages = branch(installation.url)
    assert (done.exit_code, done.stderr) == (0, "")
    assert [m["text"] for m in messages[1::2]] == [line.strip() for line in lines if line]
    assert done.stdout == "".join(f"{m['text']}\n" for m in messages[::2])
    assert messages[4]["text"] == reply_to(lines[2].strip(), messages[4]["turn_id"])


def test_a_pipe_survives_the_death_of_web(installation: Installation) -> None:
    """Every character once on standard output; what happened is on standard error, once."""
    text = "through the pipe [[tokens=150 interval=0.02]]"
    with subprocess.Popen(
        perdure("chat", "Mizzle", "--server", installation.url), env=environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(f"{text}\n")
        process.stdin.close()
        shown = b""
        while b"9 " not in shown.rpartition(b"\n")[2]:
            shown += os.read(process.stdout.fileno(), 4096)
        pid = installation.kill("web")
        while more := os.read(process.stdout.fileno(), 65536):
            shown += more
        notes = process.stderr.read()
        assert process.wait(DEADLINE_S) == 0
    last = branch(installation.url)[-1]
    assert shown.decode().endswith(f"\n{last['text']}\n")
    assert last["text"] == reply_to(text, last["turn_id"])
    assert notes.splitlines() == ["(reconnecting…)"]
    eventually(lambda: installation.pid("web") not in (None, pid))


def test_a_reply_that_failed_is_an_exit_status(installation: Installation) -> None:
    """1, and what happened, whose fault it is and what helps on standard error; the lines behind it are still said."""
    said = 'fail [[status=400 message="no thanks"]]\n[[times=0 tokens=2]]\n'
    done = run("Mizzle", "--server", installation.url, said=said)
    messages = branch(installation.url)
    assert done.exit_code == 1
    error = messages[2]["error"]
    assert done.stderr.splitlines() == [told(recall(error))]
    for words in (error["detail"], error["verdict"], error["remedy"], error["error_id"]):
        assert words in done.stderr
    assert done.stdout == f"{messages[0]['text']}\n{messages[4]['text']}\n"


def test_characters_are_found_by_name_beginning_and_id(installation: Installation) -> None:
    """In any case; what fits none, or several, is told apart, and nothing is begun."""
    characters = {c["name"]: c["id"] for c in ask(installation.url, "/characters")["characters"]}
    port = installation.url.rpartition(":")[2]
    for name in ("MIZZLE", "mizz", characters["Mizzle"]):
        assert run(name, port=port).exit_code == 0
        assert ask(installation.url, "/chats?limit=1")["chats"][0]["title"] == "Mizzle"
    before = ask(installation.url, "/chats?limit=500")
    several, none = run("mi", port=port), run("nobody at all", port=port)
    assert several.exit_code == none.exit_code == 1
    assert "Miss Vesper" in several.stderr
    assert "Mizzle" in several.stderr
    assert "nobody at all" in none.stderr
    assert ask(installation.url, "/chats?limit=500") == before


def test_without_a_name_the_characters_are_listed(installation: Installation) -> None:
    """All of them, with what they are, however long somebody's name is."""
    done = run("--server", installation.url)
    assert done.exit_code == 0
    listed = ask(installation.url, "/characters")["characters"]
    for character in listed:
        assert character["name"][:20].split("\n")[0] in done.stdout
    assert len(done.stdout.splitlines()) > len(listed)


def test_an_earlier_chat_goes_on(installation: Installation) -> None:
    """`--chat` shows what was said and appends to it; an unknown one, or one beside a name, is refused."""
    run("Mizzle", "--server", installation.url, said="before [[tokens=2]]\n")
    before = branch(installation.url)
    done = run("--chat", before[0]["chat_id"], "--server", installation.url, said="after [[tokens=2]]\n")
    after = branch(installation.url)
    assert after[:3] == before
    assert after[3]["text"] == "after [[tokens=2]]"
    assert done.stdout == "".join(f"{m['text']}\n" for m in (*before, after[4]))
    unknown = run("--chat", "00000000-0000-4000-8000-000000000000", "--server", installation.url)
    assert unknown.exit_code == 1
    assert "no chat with this id" in unknown.stderr
    assert run("Mizzle", "--chat", before[0]["chat_id"]).exit_code == 2


def test_a_chat_is_gone_on_with_in_the_middle_of_a_reply(installation: Installation) -> None:
    """Who left while a reply was written, and comes back, sees it whole."""
    text = "wait for me [[tokens=200 interval=0.02]]"
    process = subprocess.Popen(
        perdure("chat", "Mizzle", "--server", installation.url), env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{text}\n".encode())
        process.stdin.flush()
        shown = b""
        while b"9 " not in shown.rpartition(b"\n")[2]:
            shown += os.read(process.stdout.fileno(), 4096)
        process.send_signal(signal.SIGKILL)
    chat = branch(installation.url)[0]["chat_id"]
    done = run("--chat", chat, "--server", installation.url)
    last = branch(installation.url)[-1]
    assert last["state"] == "done"
    assert last["text"] == reply_to(text, last["turn_id"])
    assert done.stdout.endswith(f"{text}\n{last['text']}\n")


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was tried, and what to do; and a port that cannot be one is a mistake in the command."""
    monkeypatch.setattr(server_option, "REFUSED_S", 0.2)
    done = run("Mizzle", "--server", "http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "http://127.0.0.1:9" in done.stderr
    assert ConnectionRefused.remedy in done.stderr
    assert run("Mizzle", port="0").exit_code == 2
