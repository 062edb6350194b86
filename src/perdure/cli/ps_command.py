"""`perdure ps`."""

from __future__ import annotations

import json
import time

import click
from rich.console import Console
from rich.table import Table

from perdure.cli.options import with_settings
from perdure.config import Settings
from perdure.supervise import control
from perdure.supervise.errors import ControlError


@click.command("ps")
@with_settings("data_dir")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(settings: Settings, as_json: bool) -> None:
    """List the processes of the server that works on the data folder. Asks the supervisor, so it works without web."""
    try:
        rows = control.processes(settings.paths.control)
    except ControlError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=None, header_style="bold")
    for title in ("NAME", "ROLE", "PID", "STATE", "RESTARTS", "SINCE", "LAST EXIT"):
        table.add_column(title, justify="right" if title in ("PID", "RESTARTS") else "left")
    for row in rows:
        pid = "-" if row["pid"] is None else str(row["pid"])
        since = _ago(time.time() - row["since"])
        table.add_row(row["name"], row["role"], pid, row["state"], str(row["restarts"]), since, row["last_exit"] or "-")
    Console().print(table)


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
