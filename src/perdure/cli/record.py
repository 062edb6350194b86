"""The record, read by a command itself: it works while no server does, which is when an operator needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import click

from perdure.config import Settings
from perdure.core.errors import PerdureError
from perdure.ports.store import Records
from perdure.store.head import is_current
from perdure.store.sqlite import SqliteStore

T = TypeVar("T")


def with_record(settings: Settings, work: Callable[[Records], T], *, changes: bool = False) -> T:
    """What `work` returns, in one transaction; it only reads, so that a full disk does not matter, unless it `changes`
    something. Raises ClickException where there is no record, or it cannot be used.
    """
    path = settings.paths.database
    if not path.exists():
        raise click.ClickException(f"There is no record in {settings.data_dir}. Name the data folder with --data-dir.")
    if not is_current(path):
        raise click.ClickException("The record is of another version of Perdure. Start this version's server once.")

    async def run() -> T:
        store = SqliteStore(path)
        try:
            return await (store.write(work) if changes else store.read(work))
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except PerdureError as error:
        raise click.ClickException(f"{error.detail} {error.remedy}") from error
