"""`perdure diagnose`."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import random
import signal
import ssl
import sys
import time
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from perdure.cli import diagnose_view as view
from perdure.core.diagnosis import Finding
from perdure.diagnose import Asked, Diagnosis, NotAnAddress, Target, diagnose

EXIT_CODES = {
    Finding.OK: 0,
    Finding.SERVER: 10,
    Finding.MODEL: 11,
    Finding.NETWORK: 12,
    Finding.CLIENT: 13,
    Finding.CANNOT_TELL: 14,
}
"""What scripts go by. 1 is an interrupted `--watch`, 2 a mistake in the call."""

LONGEST_S = 600.0
"""As long as a service is waited for because it asks for it, in seconds."""


class _Address(click.ParamType[Target]):
    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        text = str(value)
        for scheme, plain in (("wss://", "https://"), ("ws://", "http://")):
            text = text.replace(scheme, plain, 1) if text.startswith(scheme) else text
        try:
            return Target.parse(text)
        except NotAnAddress as error:
            self.fail(str(error), param, ctx)


class _NameServer(click.ParamType[tuple[str, int]]):
    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        text = str(value)
        host, _, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "53")
        try:
            return str(ipaddress.ip_address(host.strip("[]"))), int(port)
        except ValueError:
            self.fail(f"{text} is no address of a name server, such as 9.9.9.9 or 127.0.0.1:5353.", param, ctx)


class _Variable(click.ParamType[str]):
    """A secret by the name of where it is: what stands in a command line is seen by everybody on the machine."""

    name = "variable"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        held = os.environ.get(str(value), "").strip()
        if not held:
            self.fail("There is no such environment variable, or it is empty.", param, ctx)
        if not held.isprintable():
            self.fail(
                "What that variable holds has a line break in it, or something else that is no character.", param, ctx
            )
        return held


@click.command("diagnose")
@click.argument("target", metavar="URL", type=_Address())
@click.option("--also", multiple=True, metavar="HOST", help="A further host that may be asked, if the way leads there.")
@click.option("--status-url", type=_Address(), metavar="URL", help="The service's status page, if on another host.")
@click.option("--events", type=_Address(), metavar="URL", help="An address that should be an event stream (SSE).")
@click.option("--websocket", type=_Address(), metavar="URL", help="An address that should open a WebSocket.")
@click.option("--resolver", type=_NameServer(), metavar="ADDRESS", help="A name server to ask, not the system's.")
@click.option("--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="Certificates to trust, in the place of the system's.")  # fmt: skip
@click.option("--token-from", "token", type=_Variable(), metavar="VARIABLE",
              help="The environment variable that holds a bearer token for URL's own host.")  # fmt: skip
@click.option("--expect-json", is_flag=True, help="A web page is not what should come.  [default: by the path]")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1, 300), default=10.0, show_default=True, metavar="S",
              help="Seconds for each step.")  # fmt: skip
@click.option("--slow", "slow_s", type=click.FloatRange(0), default=4.0, show_default=True, metavar="S",
              help="Seconds to the first byte that are too many.")  # fmt: skip
@click.option("--watch", is_flag=True, help="Look again until it is well; tell how long it was away.")
@click.option("--interval", "interval_s", type=click.FloatRange(0.1), default=5.0, show_default=True, metavar="S",
              help="Seconds between two looks, about.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch a line for each look.")
def command(
    target: Target,
    also: tuple[str, ...],
    status_url: Target | None,
    events: Target | None,
    websocket: Target | None,
    resolver: tuple[str, int] | None,
    ca: Path | None,
    token: str | None,
    expect_json: bool,
    timeout_s: float,
    slow_s: float,
    watch: bool,
    interval_s: float,
    as_json: bool,
) -> None:
    """Is it me or them? Goes the way to a web service, Perdure or not, and tells where it ends and whose fault it is.

    Only addresses that you name are asked; what is found on the way is told. A proxy that the environment names
    (HTTPS_PROXY, NO_PROXY) is used. Exits with 0 where all is well, 10 where it is the server, 11 the model, 12 the
    network, 13 you (what was asked, or this machine), 14 where it cannot be told.
    """
    asked = Asked(
        target=target,
        also=frozenset(host.lower() for host in also),
        status_page=status_url,
        events=events,
        websocket=websocket,
        resolver=resolver,
        token=token,
        json_asked=expect_json,
        timeout_s=timeout_s,
        slow_s=slow_s,
        trust=partial(ssl.create_default_context, cafile=str(ca) if ca else None),
    )
    try:
        found = asyncio.run(_interruptible(asked, interval_s if watch else None, as_json))
    except asyncio.CancelledError:
        raise click.Abort from None
    sys.exit(EXIT_CODES[found.verdict.finding])


async def _interruptible(asked: Asked, interval_s: float | None, as_json: bool) -> Diagnosis:
    loop = asyncio.get_running_loop()
    work = _once(asked, as_json) if interval_s is None else _until_well(asked, interval_s, as_json)
    task = asyncio.ensure_future(work)
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, task.cancel)
    return await task


async def _once(asked: Asked, as_json: bool) -> Diagnosis:
    console = Console(highlight=False)
    if as_json:
        found = await diagnose(asked)
        click.echo(json.dumps(view.document(found, EXIT_CODES), indent=2, ensure_ascii=False))
        return found
    view.heading(console, asked)
    found = await diagnose(asked, partial(view.step, console))
    view.verdict(console, found)
    return found


async def _until_well(asked: Asked, interval_s: float, as_json: bool) -> Diagnosis:
    """Look again and again, until it is well, or waiting mends nothing more."""
    console = Console(highlight=False)
    away_since: float | None = None
    said = ""
    while True:
        looked_at = time.monotonic()
        found = await diagnose(asked)
        well, vain = found.verdict.finding is Finding.OK, found.verdict.waiting_is_vain
        if not (well or vain) and away_since is None:
            away_since = looked_at
        away_s = None if away_since is None else time.monotonic() - away_since
        if as_json:
            click.echo(json.dumps({**view.document(found, EXIT_CODES), "away_s": away_s}, ensure_ascii=False))
        elif well or vain:
            view.back(console, away_s, interval_s, None if well else view.in_short(found))
        elif (now := view.in_short(found)) != said:
            # A line for each change, and none for what stays as it is.
            said = now
            view.away(console, now)
        if well or vain:
            return found
        await asyncio.sleep(pause_s(interval_s, found.verdict.retry_after_s, random.random()))


def pause_s(interval_s: float, retry_after_s: float | None, chance: float) -> float:
    """Until the next look: half to one and a half times the interval, by a `chance` in [0, 1), after what was asked."""
    return interval_s * (0.5 + chance) + min(retry_after_s or 0.0, LONGEST_S)
