"""What Perdure keeps is for its owner alone: API keys are in the record."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from perdure.bootstrap.serve import make_data_dir, make_private, migrate
from perdure.config import Settings


def modes(folder: Path) -> set[int]:
    """Of the files in it."""
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir() if file.is_file()}


@pytest.fixture
def lax() -> object:
    """A shell whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("lax")
def test_a_new_record_is_its_owners_alone(tmp_path: Path) -> None:
    """From its first byte on, whatever the umask; and so is the folder."""
    settings = Settings.model_construct(data_dir=tmp_path / "data")
    make_data_dir(settings)
    migrate(settings)
    assert settings.paths.database.exists()
    assert modes(settings.data_dir) == {0o600}
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_a_record_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    """An earlier version made it as the umask would have it."""
    for name in ("perdure.db", "perdure.db-wal", "perdure.db-shm"):
        (tmp_path / name).touch(0o644)
    make_private(Settings.model_construct(data_dir=tmp_path))
    assert modes(tmp_path) == {0o600}
