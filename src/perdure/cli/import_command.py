"""`perdure import`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from perdure.cards.limits import MAX_FILE_BYTES, megabytes
from perdure.cli.server_option import Server, reach, with_server
from perdure.cli.telling import told
from perdure.client import AsyncPerdure
from perdure.core.errors import PerdureError


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@with_server
def command(server: Server, files: tuple[Path, ...]) -> None:
    """Bring character cards into a running server: PNG, JSON or CHARX files.

    Tells for each file what became of it. The same card again is the same character. Exits with 1 if any file failed.
    """
    failed = asyncio.run(_import(server, files))
    sys.exit(1 if failed else 0)


async def _import(server: Server, files: Sequence[Path]) -> int:
    """Bring them in one after the other; returns how many failed."""
    try:
        known = {character["id"] for character in await reach(server)}
    except PerdureError as error:
        for file in files:
            _tell(file, f"not sent. {told(error)}", failed=True)
        return len(files)
    failed = 0
    async with AsyncPerdure(server.url, server.access_token) as api:
        for file in files:
            try:
                if file.stat().st_size > MAX_FILE_BYTES:
                    raise OSError(f"it is larger than {megabytes(MAX_FILE_BYTES)}")
                character = await api.import_card(file)
            except (PerdureError, OSError) as error:
                failed += 1
                _tell(file, _reason(error), failed=True)
            else:
                again = " (was here already)" if character["id"] in known else ""
                known.add(character["id"])
                _tell(file, f"{character['name']}{again}")
    return failed


def _reason(error: PerdureError | OSError) -> str:
    return told(error) if isinstance(error, PerdureError) else f"cannot be read: {error.strerror or error}."


def _tell(file: Path, what: str, *, failed: bool = False) -> None:
    """One line for a file."""
    mark = click.style("failed", fg="red") if failed else click.style("ok", fg="green")
    click.echo(f"{mark}  {click.format_filename(file)}: {' '.join(what.split())}", err=failed)
