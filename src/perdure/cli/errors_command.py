"""`perdure errors`."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from perdure.cli.chat.harmless import harmless
from perdure.cli.options import with_settings
from perdure.cli.record import with_record
from perdure.config import Settings
from perdure.core.records import Unforeseen
from perdure.core.views import instant, unforeseen_view

MOST = 500


@click.command("errors")
@click.argument("which", required=False, metavar="[ID]")
@with_settings("data_dir")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--mended", is_flag=True, help="Forget the group ID: should it come again, it is counted from one.")
def command(settings: Settings, which: str | None, as_json: bool, mended: bool) -> None:
    """List the exceptions that nobody foresaw, in groups, the last seen first.

    With the ID of a group, or the error id that somebody was told, show its traceback. Every other failure is in the
    log under its error id. Works without a running server.
    """
    found = list(with_record(settings, lambda records: records.unforeseen.lately(MOST)))
    if which is not None:
        found = [one for one in found if which in (one.fingerprint, one.error_id)]
        if not found:
            raise click.ClickException(f"No group has the ID {which}. If somebody was told it, search the log for it.")
    if mended:
        _forget(settings, which, found)
    elif as_json:
        click.echo(json.dumps([unforeseen_view(one) for one in found], indent=2))
    elif which is None:
        _list(found)
    else:
        _show(found[0])


def _forget(settings: Settings, which: str | None, found: list[Unforeseen]) -> None:
    if which is None:
        raise click.UsageError("--mended needs the ID of a group.")
    with_record(settings, lambda records: records.unforeseen.remove(found[0].fingerprint), changes=True)
    click.echo(f"Forgotten: {found[0].kind} at {found[0].place}.")


def _list(found: list[Unforeseen]) -> None:
    if not found:
        click.echo("Nothing unforeseen has happened.")
        return
    table = Table(box=None, header_style="bold")
    for title in ("ID", "TIMES", "LAST", "PROCESS", "WHAT", "WHERE"):
        table.add_column(title, justify="right" if title == "TIMES" else "left", overflow="fold")
    for one in found:
        table.add_row(one.fingerprint, str(one.times), instant(one.last_at), one.process, one.kind, one.place)
    Console().print(table)


def _show(one: Unforeseen) -> None:
    times = "once" if one.times == 1 else f"{one.times} times"
    click.echo(f"{one.kind} at {one.place}, {times} since {instant(one.first_at)}")
    click.echo(f"last in {one.process} at {instant(one.last_at)}, told under {one.error_id}\n")
    click.echo(harmless(one.traceback).rstrip())
