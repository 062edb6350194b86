"""`perdure status`."""

from __future__ import annotations

import shlex
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from perdure.cli.chat.harmless import harmless
from perdure.cli.desk import ask_report
from perdure.cli.options import with_settings
from perdure.config import Settings
from perdure.core.calibration import Shown, calibration
from perdure.core.estimate import in_words
from perdure.core.report import StatusReport
from perdure.health.ledger import Ledger
from perdure.health.publish import last_report
from perdure.statuspage.export import export
from perdure.statuspage.pace import Pace
from perdure.statuspage.site import Site
from perdure.statuspage.words import LEVELS, STAGES, clock, lasted, touched, whole
from perdure.supervise.errors import ControlError

LOOK_S = 2.0
CALM_S = 600.0
"""How often a copy is renewed of which nothing but its date has changed."""
OLD_S = 30.0


@click.command("status")
@with_settings("data_dir")
@click.option("--json", "as_json", is_flag=True, help="Print Statuspage's summary.json.")
@click.option("--calibration", "as_calibration", is_flag=True, help="How well past estimates of the wait have held.")
@click.option("--export", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write the page there.")
@click.option("--follow", is_flag=True, help="With --export: go on, and write it again whenever it has changed.")
@click.option(
    "--then", metavar="COMMAND", help="With --export: run this after each change, to push the copy elsewhere."
)
def command(
    settings: Settings, as_json: bool, as_calibration: bool, folder: Path | None, follow: bool, then: str | None
) -> None:
    """How everything is: what is broken, since when, and for how long.

    Works without a running server too, and then tells how it was last.
    """
    if folder is None and (follow or then is not None):
        raise click.UsageError("--follow and --then need --export DIR.")
    if as_calibration:
        _calibrate(settings)
    elif folder is not None:
        _export(settings, folder, then, follow=follow)
    else:
        report = _report(settings)
        if as_json:
            found = Site(report, report.made_at).file("api/v2/summary.json")
            assert found is not None
            click.echo(found.body.decode())
        else:
            _tell(report)


def _report(settings: Settings) -> StatusReport:
    """What the health process tells now, or was published last. Raises ClickException where there is neither."""
    try:
        return ask_report(settings)
    except ControlError as error:
        last = last_report(settings.paths.site)
        if last is None:
            raise click.ClickException(str(error)) from error
        return last


def _tell(report: StatusReport) -> None:
    console, now = Console(highlight=False), time.time()
    console.print(f"[bold]{whole(report)}[/bold], as of {clock(report.made_at)}")
    if now - report.made_at > OLD_S:
        console.print(
            "Nobody keeps this up to date just now: perdure serve is not running, or its health process is away."
        )
    table = Table(box=None, show_header=False)
    for one in report.components:
        name = f"  {one.name}" if one.group else one.name
        table.add_row(harmless(name), LEVELS[one.level], harmless(one.detail))
    console.print(table)
    for going_on in report.incidents:
        incident = going_on.incident
        last = incident.story[-1] if incident.story else None
        console.print(
            f"\n[bold]{harmless(incident.headline)}[/bold], for {lasted(incident, now)} (incident {incident.id})"
        )
        if last is not None:
            console.print(f"{STAGES[last.stage]}: {harmless(last.text)}", markup=False)
        console.print(f"Still lasts: {in_words(going_on.left)}. {touched(incident)}")
        if incident.needs_operator:
            console.print("[bold]It needs you.[/bold]")


def _calibrate(settings: Settings) -> None:
    """How past estimates have done."""
    if not settings.paths.health.exists():
        raise click.ClickException(f"Nothing was watched in {settings.data_dir}. Name the data folder with --data-dir.")
    try:
        ledger = Ledger(settings.paths.health)
        shown, incidents = ledger.shown(), ledger.incidents(0.0)
        ledger.close()
    except sqlite3.Error as error:
        raise click.ClickException(f"What the health process remembers cannot be read: {error}.") from error
    over = {one.id: (one.opened_at, one.resolved_at) for one in incidents if one.resolved_at is not None}
    scored = calibration(
        Shown(at, at - over[incident][0], estimate, incident).scored(over[incident][1])
        for incident, at, estimate in shown
        if incident in over
    )
    if scored is None:
        click.echo("No estimate has been shown of an incident that is over: there is nothing to score yet.")
        return
    click.echo(
        f"Estimates of {scored.count} incidents: what was left lay within the bounds in "
        f"{100 * scored.covered:.0f} % of them (90 % is meant). Half of the medians were off by less than "
        f"{scored.median_error_s:.1f} s, {100 * scored.median_relative_error:.0f} % of what was left."
    )


def _export(settings: Settings, folder: Path, then: str | None, *, follow: bool) -> None:
    for report in _reports(settings, follow=follow):
        try:
            changed = export(Site(report, report.made_at, static=True), folder)
        except OSError as error:
            raise click.ClickException(f"{folder} cannot be written: {error.strerror}.") from error
        if not changed:
            continue
        click.echo(f"{len(changed)} files written to {folder}, as of {clock(report.made_at)}.")
        if then is None or subprocess.run(shlex.split(then), check=False).returncode == 0:
            continue
        if not follow:
            raise click.ClickException(f"This failed: {then}")
        click.echo(f"This failed, and is tried again with the next change: {then}", err=True)


def _reports(settings: Settings, *, follow: bool) -> Iterator[StatusReport]:
    """The report; with `follow` again and again, whenever there is something to be told."""
    pace = Pace(LOOK_S, LOOK_S, CALM_S)
    while True:
        report = _report(settings)
        if pace.due(report, time.monotonic()):
            yield report
        if not follow:
            return
        time.sleep(LOOK_S)
