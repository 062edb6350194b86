"""`perdure status`: how everything is, with or without a server that runs; how well estimates have held; a copy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from perdure.cli import main
from perdure.core.estimate import Estimate
from perdure.health.ledger import Ledger
from perdure.health.publish import LAST, REPORT
from tests.statuspage.reports import BROKEN, DOWN, HOSTILE


def run(folder: Path, *arguments: str) -> Result:
    """The command on a folder."""
    return CliRunner().invoke(main, ["status", *arguments, "--data-dir", str(folder)], env={"COLUMNS": "160"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that nobody serves now, and that was broken when somebody did."""
    (tmp_path / "status").mkdir()
    (tmp_path / "status" / LAST).write_bytes(REPORT.dump_json(BROKEN))
    return tmp_path


def test_it_tells_how_everything_was_last(folder: Path) -> None:
    """What is broken, since when, for how long; and that nobody looks just now."""
    said = run(folder).output
    assert "Something is broken, as of 26 Nov 2026, 15:00:00 UTC" in said
    assert "Nobody keeps this up to date" in said
    assert "The model" in said
    assert "Still lasts: about 40 s (10 s to 2.5 min)." in said
    assert "no messages were lost" in said


def test_it_says_what_needs_the_operator(folder: Path) -> None:
    (folder / "status" / LAST).write_bytes(REPORT.dump_json(DOWN))
    assert "It needs you." in run(folder).output


def test_what_others_wrote_does_no_harm_to_a_terminal(folder: Path) -> None:
    """Escape sequences are shown, not obeyed; nor is anything taken for markup."""
    hostile = replace(HOSTILE, components=[replace(HOSTILE.components[0], name="\x1b[2J[red]boo[/red]")])
    (folder / "status" / LAST).write_bytes(REPORT.dump_json(hostile))
    result = run(folder)
    assert result.exit_code == 0
    assert "\x1b[2J" not in result.output


def test_json_is_statuspages(folder: Path) -> None:
    assert json.loads(run(folder, "--json").output)["status"]["indicator"] == "major"


def test_nothing_known_is_a_clear_refusal(tmp_path: Path) -> None:
    for arguments in ([], ["--json"], ["--calibration"], ["--export", str(tmp_path / "copy")]):
        result = run(tmp_path / "nowhere", *arguments)
        assert result.exit_code == 1
        assert "--data-dir" in result.output


def test_a_copy_is_written_and_pushed(folder: Path, tmp_path: Path) -> None:
    """And a push that fails is a failure."""
    copy, pushed = tmp_path / "copy", tmp_path / "pushed"
    result = run(folder, "--export", str(copy), "--then", f"touch {pushed}")
    assert result.exit_code == 0
    assert (copy / "index.html").exists()
    assert pushed.exists()
    (copy / "index.html").unlink()
    assert run(folder, "--export", str(copy), "--then", "false").exit_code == 1


def test_following_needs_somewhere_to_write(folder: Path) -> None:
    assert run(folder, "--follow").exit_code == 2


def test_estimates_are_scored(folder: Path) -> None:
    """Against what came: here one of two held."""
    ledger = Ledger(folder / "health.db")
    assert "nothing to score" in run(folder, "--calibration").output
    over = BROKEN.past
    ledger.keep_incidents(over)
    for one, high_s in zip(over, (2000.0, 1.0), strict=True):
        assert one.resolved_at is not None
        ledger.keep_shown([(one.id, one.resolved_at - 1000.0, Estimate(500.0, 0.0, high_s, 9))])
    ledger.close()
    said = run(folder, "--calibration").output
    assert "Estimates of 2 incidents" in said
    assert "50 %" in said
