"""`perdure serve`."""

from __future__ import annotations

import asyncio
import socket
import sys

import click

from perdure.bootstrap.logs import configure
from perdure.bootstrap.serve import RefusedError, prepare, serve
from perdure.cli.options import with_settings
from perdure.config import Settings
from perdure.supervise.errors import SuperviseError


@click.command("serve")
@with_settings()
def command(settings: Settings) -> None:
    """Run everything on this machine: web, workers, and the embedded model unless a backend is named.

    Prints the address to open in a browser. Ctrl-C ends it in good order: replies in progress go on at the next start.
    """
    configure(settings, "supervisor")

    def begun() -> None:
        click.echo(f"Perdure is at {address(settings, listener)}   (data: {settings.data_dir})")
        sys.stdout.flush()

    try:
        listener = prepare(settings)
        sys.exit(asyncio.run(serve(settings, listener, begun)))
    except (RefusedError, SuperviseError) as error:
        raise click.ClickException(str(error)) from error


def address(settings: Settings, listener: socket.socket) -> str:
    """The URL to open."""
    host = settings.host
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/"
