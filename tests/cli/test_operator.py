"""`perdure errors` and `perdure reports`: what an operator finds at night, with or without a running server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from perdure.cli import main
from perdure.core.errors import ModelStalled
from perdure.core.records import Report, Unforeseen
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore
from tests.records import empty_record

TRACE = "Traceback\nValueError: \x1b[2Jboo"
SEEN = Unforeseen("abcdef0123456789", "ValueError", "perdure.x:f", "web", TRACE, "id-1", 1.0, 2.0, 3)
TRIES = [{"n": 1, "worker": "worker-2", "backend": "llama", "outcome": "model_stalled"}]
TOLD = Report("report-1", "c", "m", "t", ModelStalled("Silent.", error_id="id-2"), TRIES, "Why?", "You: hello", 1.0)


def fill(records: Records) -> None:
    """One of each."""
    records.unforeseen.note(SEEN)
    records.reports.add(TOLD)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that nobody serves."""
    path = empty_record(tmp_path)

    async def filled() -> None:
        store = SqliteStore(path)
        await store.write(fill)
        await store.close()

    asyncio.run(filled())
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    """A command on the folder."""
    return CliRunner().invoke(main, [*arguments, "--data-dir", str(folder)], env={"COLUMNS": "200"})


def test_an_error_is_found_by_its_group_and_by_the_id_that_somebody_was_told(folder: Path) -> None:
    """With its traceback, and no sequence of its own reaches the terminal."""
    listed = run(folder, "errors")
    assert "abcdef0123456789" in listed.output
    assert "ValueError" in listed.output
    for which in (SEEN.fingerprint, SEEN.error_id):
        shown = run(folder, "errors", which)
        assert "3 times" in shown.output
        assert "boo" in shown.output
        assert "\x1b" not in shown.output
    assert json.loads(run(folder, "errors", "--json").output)[0]["times"] == 3
    missing = run(folder, "errors", "another")
    assert missing.exit_code == 1
    assert "search the log" in missing.output


def test_an_error_that_was_mended_is_forgotten(folder: Path) -> None:
    """One at a time, by its id."""
    assert run(folder, "errors", "--mended").exit_code == 2
    assert run(folder, "errors", SEEN.fingerprint, "--mended").exit_code == 0
    assert run(folder, "errors").output == "Nothing unforeseen has happened.\n"


def test_a_report_tells_error_attempts_and_what_its_writer_agreed_to(folder: Path) -> None:
    """And is gone once it was seen to."""
    told = run(folder, "reports").output
    for part in ("report-1", "model_stalled, error id id-2", "Silent.", "worker-2 at llama", "Why?", "You: hello"):
        assert part in told
    assert json.loads(run(folder, "reports", "--json").output)[0]["comment"] == "Why?"
    assert run(folder, "reports", "--done", "other").exit_code == 1
    assert run(folder, "reports", "--done", "report-1").exit_code == 0
    assert run(folder, "reports").output == "Nobody has reported anything.\n"


def test_without_a_record_the_commands_say_what_to_do(tmp_path: Path) -> None:
    """No traceback, no empty list that would calm somebody for nothing."""
    for command in ("errors", "reports"):
        told = run(tmp_path / "nowhere", command)
        assert told.exit_code == 1
        assert "--data-dir" in told.output
