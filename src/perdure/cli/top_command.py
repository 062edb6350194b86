"""`perdure top`."""

from __future__ import annotations

import asyncio
import json
import sys

import click
from rich.console import Console

from perdure.cli.server_option import Server, with_server
from perdure.cli.telling import told
from perdure.cli.top.session import Session
from perdure.cli.top.view import View, draw
from perdure.client import AsyncPerdure
from perdure.client.shapes import Overview
from perdure.core.errors import PerdureError


@click.command("top")
@click.option("--once", is_flag=True, help="Show it once and leave; so it is too where no terminal is.")
@click.option("--json", "as_json", is_flag=True, help="Print it once, as JSON.")
@with_server
def command(server: Server, once: bool, as_json: bool) -> None:
    """How a running server is: its processes, what they write, what waits, what is broken.

    Arrows choose a process, r restarts it, p has new messages refused, d has no further replies taken up, each after a
    question; the same again takes it back. q leaves. It goes on through restarts of the server.
    """
    try:
        if as_json or once or not (sys.stdin.isatty() and sys.stdout.isatty()):
            overview = asyncio.run(_overview(server))
            if as_json:
                click.echo(json.dumps(overview, indent=2))
            else:
                Console(highlight=False).print(draw(View(overview), keys=False))
            return
        asyncio.run(Session(server, Console(highlight=False)).run(sys.stdin.fileno()))
    except PerdureError as error:
        raise click.ClickException(told(error)) from error


async def _overview(server: Server) -> Overview:
    async with AsyncPerdure(server.url, server.access_token, patience_s=5.0) as api:
        return await api.overview()
