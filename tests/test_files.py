"""A file is there whole, or as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perdure.files import write_whole


def test_what_cannot_be_written_whole_is_not_written_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full half-way leaves what was there before, and nothing lies about."""
    file = tmp_path / "note.json"
    write_whole(file, b"before")

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as half:
            half.write(content[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"afterwards")
    assert file.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["note.json"]


def test_what_is_its_owner_s_alone_is_so_from_the_first_moment(tmp_path: Path) -> None:
    """The mode is set before the file stands under its name."""
    file = tmp_path / "history"
    file.write_bytes(b"open to all")
    file.chmod(0o644)
    write_whole(file, b"mine", mode=0o600)
    assert file.read_bytes() == b"mine"
    assert file.stat().st_mode & 0o777 == 0o600
