"""`perdure maintenance`."""

from __future__ import annotations

import time
from datetime import datetime

import click

from perdure.cli.chat.harmless import harmless
from perdure.cli.desk import act, ask_report
from perdure.cli.options import with_settings
from perdure.config import Settings
from perdure.statuspage.words import clock
from perdure.supervise.errors import ControlError

INSTANTS = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")


@click.command("maintenance")
@with_settings("data_dir")
@click.option("--plan", metavar="TITLE", help="Plan work of this name.")
@click.option("--on", "components", multiple=True, metavar="COMPONENT", help="What is worked on; may be given again.")
@click.option("--from", "begins_at", type=click.DateTime(INSTANTS), help="When it begins, local time  [default: now]")
@click.option("--minutes", type=click.FloatRange(min=1), default=60.0, show_default=True, help="How long it takes.")
@click.option("--text", default="", help="What people should know of it.")
@click.option("--cancel", metavar="ID", help="It is not done, or is over before its time.")
def command(
    settings: Settings,
    plan: str | None,
    components: tuple[str, ...],
    begins_at: datetime | None,
    minutes: float,
    text: str,
    cancel: str | None,
) -> None:
    """List planned work, plan some, or cancel it. While it goes on, what is worked on is no incident."""
    if cancel is not None:
        act(settings, "cancel", maintenance=cancel)
    if plan is not None:
        begins = time.time() if begins_at is None else begins_at.timestamp()
        ends = begins + minutes * 60.0
        act(settings, "plan", title=plan, text=text, components=list(components), begins_at=begins, ends_at=ends)
    try:
        report = ask_report(settings)
    except ControlError as error:
        raise click.ClickException(str(error)) from error
    planned = [one for one in report.maintenance if one.active(report.made_at) or one.upcoming(report.made_at)]
    for one in planned:
        what = ", ".join(one.components)
        click.echo(f"{one.id}  {clock(one.begins_at)} to {clock(one.ends_at)}  {harmless(one.title)} ({what})")
    if not planned:
        click.echo("Nothing is planned.")
