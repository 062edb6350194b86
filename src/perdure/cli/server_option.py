"""The options of commands that talk with a running server: where it is, and the token it may ask for."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from perdure.cli.options import with_settings
from perdure.client import AsyncPerdure
from perdure.client.shapes import Character
from perdure.config import Settings
from perdure.core.errors import ConnectionCut, NoAnswer

REFUSED_S = 1.5
"""How long an address where nothing listens is tried, in seconds."""

START_S = 60.0
"""How long a server that listens, and does not answer yet, is waited for, in seconds."""

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, as its clients know it."""

    url: str
    access_token: str | None


async def reach(server: Server) -> list[Character]:
    """The server's characters, once it answers: one that starts, or restarts, is waited for.

    Raises PerdureError, soon where nothing listens.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + START_S
    async with AsyncPerdure(server.url, server.access_token, patience_s=REFUSED_S) as api:
        while True:
            try:
                return await api.characters()
            except (NoAnswer, ConnectionCut):
                if loop.time() > until:
                    raise


def with_server(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--server` and the settings that tell where a server is by default; passes `server` to the command."""

    @with_settings("host", "port", "access_token")
    @click.option("--server", "url", metavar="URL", help="The server to talk with.  [default: that of host and port]")
    @functools.wraps(command)
    def wrapped(settings: Settings, url: str | None, **options: Any) -> Any:
        token = settings.access_token.get_secret_value() if settings.access_token else None
        return command(server=Server(url or _default(settings), token), **options)

    return wrapped


def _default(settings: Settings) -> str:
    if settings.port == 0:
        raise click.UsageError("Port 0 is none that a server could be found at: name it with --server URL.")
    host = ANYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
