"""`perdure reports`."""

from __future__ import annotations

import json
from functools import partial

import click

from perdure.cli.chat.harmless import harmless
from perdure.cli.options import with_settings
from perdure.cli.record import with_record
from perdure.config import Settings
from perdure.core.records import Report
from perdure.core.views import instant, report_view
from perdure.ports.store import Records

MOST = 500


@click.command("reports")
@with_settings("data_dir")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--done", metavar="ID", help="Remove the report ID: it was seen to.")
def command(settings: Settings, as_json: bool, done: str | None) -> None:
    """List what people have reported, the last one first: the error, its id, the attempts, and what they wrote.

    What was said is there only where its writer agreed to show it. Works without a running server.
    """
    if done is not None:
        if not with_record(settings, partial(_remove, done), changes=True):
            raise click.ClickException(f"There is no report {done}.")
        click.echo("Removed.")
        return
    found = with_record(settings, lambda records: records.reports.lately(MOST))
    if as_json:
        click.echo(json.dumps([report_view(one) for one in found], indent=2))
        return
    if not found:
        click.echo("Nobody has reported anything.")
    for one in found:
        _show(one)


def _remove(report_id: str, records: Records) -> bool:
    """Whether it was there."""
    known = records.reports.get(report_id) is not None
    records.reports.remove(report_id)
    return known


def _show(report: Report) -> None:
    click.echo(f"{report.id}  {instant(report.created_at)}")
    if report.error is not None:
        click.echo(f"  {report.error.title} ({report.error.code}, error id {report.error.error_id or 'unknown'})")
        click.echo(f"  {harmless(report.error.detail)}")
    for attempt in report.attempts:
        click.echo(f"  attempt {attempt['n']}: {attempt['worker']} at {attempt['backend']}, {attempt['outcome']}")
    for title, text in (("They say", report.comment), ("What was said", report.text or "")):
        if text:
            click.echo(f"  {title}:")
            click.echo("".join(f"    {line}\n" for line in harmless(text).splitlines()), nl=False)
    click.echo()
