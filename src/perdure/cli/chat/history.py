"""What a person typed in earlier sessions: a file of their own, that nobody else can read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from perdure.files import write_whole

MOST_BYTES = 1_000_000
"""Above this the older half goes."""


def state_folder(variables: Mapping[str, str]) -> Path:
    """Where a program keeps what should outlast a restart and is no data (XDG base directory specification)."""
    given = variables.get("XDG_STATE_HOME", "")
    return (Path(given) if given.startswith("/") else Path.home() / ".local" / "state") / "perdure"


def kept_history(folder: Path) -> History:
    """The history in `folder`; one for this session alone where that cannot be written."""
    file = folder / "chat-history"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        file.chmod(0o600)
        if file.stat().st_size > MOST_BYTES:
            _halve(file)
    except OSError:
        return InMemoryHistory()
    return FileHistory(file)


def _halve(file: Path) -> None:
    """Keep the newer half, from the beginning of an entry on."""
    lines = file.read_bytes()[-MOST_BYTES // 2 :]
    _, mark, rest = lines.partition(b"\n# ")
    write_whole(file, mark + rest, mode=0o600)
