"""`perdure restart`."""

from __future__ import annotations

import time

import click

from perdure.cli.desk import act
from perdure.cli.options import with_settings
from perdure.config import Settings
from perdure.supervise import control
from perdure.supervise.errors import ControlError

TRIES, PAUSE_S = 8, 1.0


@click.command("restart")
@with_settings("data_dir")
@click.argument("name")
def command(settings: Settings, name: str) -> None:
    """End a process in good order and start it again: NAME is one of those that `perdure ps` lists.

    Asks the supervisor, so it works without web, and for web itself. What the process was doing goes on elsewhere.
    """
    try:
        control.restart(settings.paths.control, name, timeout_s=5.0)
    except ControlError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} is being restarted.")
    for _ in range(TRIES):
        try:
            act(settings, "did", what=f"restart {name}")
            return
        except click.ClickException:
            # Whoever keeps the acts may be the one that is being restarted, or have died with others.
            time.sleep(PAUSE_S)
    click.echo("That could not be written down among the operators' acts; it is in the log.", err=True)
