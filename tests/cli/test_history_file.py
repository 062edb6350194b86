"""What one typed is kept for oneself, and for nobody else."""

from __future__ import annotations

import stat
from pathlib import Path

from prompt_toolkit.history import InMemoryHistory

from perdure.cli.chat.history import MOST_BYTES, kept_history, state_folder


def test_it_is_private_and_there_the_next_time(tmp_path: Path) -> None:
    """A file that its person alone can read, whatever it was before."""
    folder = tmp_path / "state"
    kept_history(folder).append_string("two\nlines")
    (file,) = folder.iterdir()
    file.chmod(0o644)
    assert list(kept_history(folder).load_history_strings()) == ["two\nlines"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    """Of too much the older half goes, and what stays begins with an entry."""
    history = kept_history(tmp_path)
    for n in range(40):
        history.append_string(f"{n} " + "x" * (MOST_BYTES // 30))
    kept = list(kept_history(tmp_path).load_history_strings())
    assert 10 < len(kept) < 20
    assert kept[0].startswith("39 ")
    assert all(one.partition(" ")[0].isdigit() for one in kept)


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    """Then it is kept for this session alone."""
    (tmp_path / "taken").write_text("")
    assert isinstance(kept_history(tmp_path / "taken"), InMemoryHistory)


def test_it_lies_where_the_system_says() -> None:
    """XDG_STATE_HOME, if that is a place at all."""
    assert state_folder({"XDG_STATE_HOME": "/state"}) == Path("/state/perdure")
    assert state_folder({"XDG_STATE_HOME": "relative"}) == Path.home() / ".local/state/perdure"
