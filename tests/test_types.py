"""The pages' types of the API are those of the server as it is: generated, committed, and never behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import hatch_build
from perdure.http.document import document

UI = Path(__file__).resolve().parents[1] / "ui"
COMMITTED = UI / "src" / "lib" / "api" / "schema.d.ts"


def test_the_committed_types_are_current(tmp_path: Path) -> None:
    """What `make types` would write is what is there."""
    asked, made = tmp_path / "openapi.json", tmp_path / "schema.d.ts"
    asked.write_text(document())
    node = hatch_build.require_node().directory / "node"
    program = UI / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    assert program.is_file(), "the packages of the pages are not installed: run `make build`"
    command = [str(node), str(program), str(asked), "--output", str(made), "--alphabetize"]
    subprocess.run(command, cwd=UI, env=os.environ | {"NO_COLOR": "1"}, capture_output=True, timeout=120, check=True)
    assert made.read_text() == COMMITTED.read_text(), "the API has changed: run `make types` and commit what it writes"


def test_the_document_is_the_same_whoever_writes_it(tmp_path: Path) -> None:
    """No setting of the machine gets into it."""
    command = [sys.executable, "-m", "perdure.http.document"]
    environment = os.environ | {"PERDURE_ACCESS_TOKEN": "secret", "PERDURE_HOST": "127.0.0.2"}
    written = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=True)
    assert written.stdout.decode() == document()
