"""Files that are there whole, or as they were."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4


def write_whole(file: Path, content: bytes, mode: int | None = None) -> None:
    """Write it in one step: whoever reads it, also after this process was killed, finds all of it or what was before.

    Raises OSError, and leaves nothing lying about then. Not forced to the disk: a machine that loses power may lose it.
    """
    beside = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        beside.write_bytes(content)
        if mode is not None:
            beside.chmod(mode)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
