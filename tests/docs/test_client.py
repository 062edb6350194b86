"""The Python in the documents runs as it stands, against a Perdure that is running, and its types are right."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdure.client import AsyncPerdure, Perdure
from tests.docs.test_readme import FENCED, ROOT
from tests.http.installation import Installation, eventually

EXAMPLES = {
    f"{document} {n}": body
    for document in ("README.md", "docs/client.md")
    for n, body in enumerate(
        (body for language, body in FENCED.findall((ROOT / document).read_text()) if language == "python"), 1
    )
}
SAID = "How is the weather up there?"
SLOWLY = f"{SAID} [[tokens=40 interval=0.02]]"


@pytest.fixture
def run(installation: Installation, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The example of the README, in a process of its own; the model takes its time."""
    with started(EXAMPLES["README.md 1"].replace(SAID, SLOWLY), installation, tmp_path) as process:
        yield process
        process.kill()


def started(program: str, installation: Installation, folder: Path) -> subprocess.Popen[str]:
    file = folder / "example.py"
    file.write_text(program.replace("http://127.0.0.1:8377", installation.url))
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, str(file)], stdout=pipe, stderr=pipe, text=True)


def test_there_are_examples() -> None:
    """One on the first page, and some behind it."""
    assert "README.md 1" in EXAMPLES
    assert len(EXAMPLES) > 4


def test_the_example_of_the_readme_outlives_a_restart(run: subprocess.Popen[str], installation: Installation) -> None:
    """As it says: web dies in the middle of a word, and what is printed is the whole reply."""
    assert run.stdout is not None
    begun = run.stdout.read(1)
    struck = installation.kill("web")
    rest = run.stdout.read()
    assert run.stderr is not None
    assert run.stderr.read() == ""
    with Perdure(installation.url) as perdure:
        chat = perdure.chats(limit=1)[0]
        *_, said, reply = perdure.messages(chat["id"])
    assert said["text"].endswith(SLOWLY)
    assert begun + rest == reply["text"]
    assert reply["state"] == "done"
    eventually(lambda: installation.pid("web") not in (None, struck))


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name.startswith("docs/")])
def test_every_example_runs(name: str, installation: Installation, tmp_path: Path) -> None:
    """And says something, without complaints."""
    with started(EXAMPLES[name], installation, tmp_path) as process:
        told, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")
    assert told.strip()


def test_the_examples_are_typed(tmp_path: Path) -> None:
    """A program of a user's, checked as strictly as can be, with nothing but what Perdure installs."""
    wrong = 'from perdure.client import Perdure\n\nperdure = Perdure("http://127.0.0.1")\nperdure.say(1)\n'
    for n, program in enumerate([*EXAMPLES.values(), wrong], 1):
        (tmp_path / f"example_{n}.py").write_text(program)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".cache" / "mypy"), str(tmp_path)]
    checked = subprocess.run(
        [*command, "--config-file", os.devnull], capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False
    )
    complaints = re.findall(r"(example_\d+)\.py:(\d+): error: (.*)", checked.stdout)
    last = f"example_{len(EXAMPLES) + 1}"
    assert {(file, line) for file, line, _ in complaints} == {(last, "4")}, checked.stdout
    assert any('"int"; expected "str"' in told for *_, told in complaints), "without a loop, types are kept"


def test_the_calls_are_told_of() -> None:
    """All of them, in the table."""
    document = (ROOT / "docs" / "client.md").read_text()
    calls = {name for name in vars(Perdure) if not name.startswith("_")} - {"close"}
    assert calls <= set(dir(AsyncPerdure))
    families = ("hide_", "restore_")
    assert {name for name in calls if not name.startswith(families) and f"`{name}`" not in document} == set()
