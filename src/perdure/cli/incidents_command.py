"""`perdure incidents`."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from perdure.cli.chat.harmless import harmless
from perdure.cli.desk import act, ask_report
from perdure.cli.options import with_settings
from perdure.config import Settings
from perdure.core.incidents import Incident
from perdure.statuspage.words import STAGES, clock, lasted, touched
from perdure.supervise.errors import ControlError


@click.command("incidents")
@click.argument("which", required=False, metavar="[ID]")
@with_settings("data_dir")
@click.option("--note", metavar="TEXT", help="Add a line to the story of incident ID, under your name.")
@click.option("--title", metavar="TEXT", help="Call incident ID this.")
@click.option("--merge-into", metavar="ID", help="Incident ID belongs to that one.")
@click.option("--resolve", metavar="TEXT", help="Incident ID is over, and why. What is still broken begins a new one.")
def command(
    settings: Settings,
    which: str | None,
    note: str | None,
    title: str | None,
    merge_into: str | None,
    resolve: str | None,
) -> None:
    """List the incidents, the last one first; with an ID tell the whole of one, and write into it.

    Everything is under your name, and stands on the status page at once.
    """
    asked = {"note": note, "title": title, "resolve": resolve}
    wanted = [(kind, {"text": text}) for kind, text in asked.items() if text is not None]
    if merge_into is not None:
        wanted.append(("merge", {"into": merge_into}))
    if wanted and which is None:
        raise click.UsageError("To write into an incident, name it by its ID.")
    for kind, members in wanted:
        act(settings, kind, incident=which, **members)
    try:
        report = ask_report(settings)
    except ControlError as error:
        raise click.ClickException(str(error)) from error
    found = [*(one.incident for one in report.incidents), *report.past]
    if which is None:
        _list(found, report.made_at)
        return
    one = next((one for one in found if one.id == which), None)
    if one is not None:
        _show(one, report.made_at)
    elif not wanted:
        raise click.ClickException(f"There is no incident {which}.")


def _list(found: list[Incident], now: float) -> None:
    if not found:
        click.echo("Nothing was broken in the last 90 days.")
        return
    table = Table(box=None, header_style="bold")
    for title in ("ID", "SINCE", "LASTED", "NOW", "WHAT"):
        table.add_column(title, overflow="fold")
    for one in found:
        table.add_row(one.id, clock(one.opened_at), lasted(one, now), STAGES[one.stage], harmless(one.headline))
    Console(markup=False, highlight=False).print(table)


def _show(one: Incident, now: float) -> None:
    click.echo(f"{harmless(one.headline)}, since {clock(one.opened_at)}, for {lasted(one, now)}. {touched(one)}\n")
    for entry in one.story:
        by = f" ({harmless(entry.by)})" if entry.by else ""
        click.echo(f"{clock(entry.at)}  {STAGES[entry.stage]}: {harmless(entry.text)}{by}")
