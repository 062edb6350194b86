"""The site as files: for a web server elsewhere, and for whoever answers while nothing here does."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from perdure.files import write_whole
from perdure.statuspage.site import Site

LIST = ".perdure-status"
"""Names the files that an export has written, so that the next one removes those and no others."""


def export(site: Site, folder: Path, unchanged: Collection[str] = ()) -> list[str]:
    """Write the site into `folder`, which is made where it is missing; returns the paths that have changed.

    Whoever reads meanwhile finds each file as it was or as it is. What an earlier export wrote and this one has not is
    removed, and nothing outside is touched, whatever a path is made of. `unchanged` are paths that need not be drawn
    again. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    paths = {path for path in site.paths if _inside(folder, path)}
    for path in sorted(paths):
        file = None if path in unchanged else site.file(path)
        if file is not None and _put(folder / path, file.body):
            changed.append(path)
    before = _listed(folder)
    for gone in before - paths:
        # Somebody may have tampered with the list.
        if _inside(folder, gone) and (folder / gone).is_file():
            (folder / gone).unlink()
            changed.append(gone)
    if before != paths:
        _put(folder / LIST, "\n".join(sorted(paths)).encode())
    return changed


def _inside(folder: Path, path: str) -> bool:
    return (folder / path).resolve().is_relative_to(folder.resolve())


def _listed(folder: Path) -> set[str]:
    try:
        return set((folder / LIST).read_text().splitlines())
    except OSError:
        return set()


def _put(file: Path, body: bytes) -> bool:
    """Write it, if it is not there as it is; returns whether it was not."""
    with suppress(OSError):
        if file.read_bytes() == body:
            return False
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, body)
    return True
