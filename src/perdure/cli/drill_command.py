"""`perdure drill`."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import click
from rich.console import Console

from perdure.cli.options import with_settings
from perdure.cli.telling import told
from perdure.config import Settings
from perdure.core.errors import PerdureError
from perdure.drill import report
from perdure.drill.options import Drilled, Options
from perdure.drill.plan import Kind
from perdure.drill.programs import NotStartedError
from perdure.drill.run import drill
from perdure.drill.session import NothingToStrikeError


@click.command("drill")
@click.option("--kills", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How often to strike.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed is the same plan.")
@click.option("--chats", type=click.IntRange(1, 64), default=4, show_default=True, help="Conversations at once.")
@click.option("--max-tokens", type=click.IntRange(8, 4000), default=100, show_default=True, help="Length of replies.")
@click.option("--scripted", is_flag=True, help="Use a scripted backend: every character of every reply is known.")
@click.option(
    "--only", multiple=True, metavar="KIND", type=click.Choice([str(kind) for kind in Kind]),
    help=f"Strike only in this way; can be given more than once. One of: {', '.join(Kind)}.",
)  # fmt: skip
@click.option("--server", metavar="URL", help="Drill a running server on this machine; --data-dir is its folder.")
@click.option(
    "--stuck-after", type=click.FloatRange(5), metavar="S",
    help="Seconds without progress that count as a breach.  [default: 60, or 180 with a real model]",
)  # fmt: skip
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write it all to a file.")
@click.option("--keep", is_flag=True, help="Keep the server's folder, or the chats in a running one.")
@with_settings(
    "data_dir", "access_token", "backend_url", "backend_api_key", "model", "gguf", "workers", "slots", "threads",
    "context_size",
)  # fmt: skip
def command(
    settings: Settings,
    kills: int,
    seed: int,
    chats: int,
    max_tokens: int,
    scripted: bool,
    only: tuple[str, ...],
    server: str | None,
    stuck_after: float | None,
    json_path: Path | None,
    keep: bool,
) -> None:
    """Kill and freeze a server's processes in mid-sentence, and check from outside that nothing is lost.

    Starts a server of its own on a temporary folder, holds conversations with it over HTTP, and strikes at random
    moments: workers, web, the model, and everything at once. Exits with 1 on any breach of the promises.

    With --server it strikes a running server's processes instead. People who use it will notice.
    """
    if server is not None and (scripted or settings.backend_url or settings.gguf):
        raise click.UsageError("--server names a server that has its model: leave the options of the model out.")
    if scripted and (settings.backend_url or settings.gguf):
        raise click.UsageError("--scripted is a backend of its own: leave --backend-url and --gguf out.")
    kinds = tuple(Kind(kind) for kind in only)
    stuck_after_s = stuck_after or (60.0 if scripted else 180.0)
    options = Options(settings, kills, seed, chats, max_tokens, scripted, server, stuck_after_s, keep, kinds)
    try:
        with report.Bar(Console(stderr=True), kills) as bar:
            drilled = asyncio.run(_interruptible(options, bar))
    except PerdureError as error:
        raise click.ClickException(told(error)) from error
    except (NotStartedError, NothingToStrikeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except asyncio.CancelledError:
        raise click.Abort from None
    report.show(drilled, Console())
    if json_path is not None:
        json_path.write_text(json.dumps(report.document(drilled), indent=2) + "\n")
    sys.exit(1 if drilled.findings else 0)


async def _interruptible(options: Options, bar: report.Bar) -> Drilled:
    """Run it so that SIGINT, SIGTERM and SIGHUP end it in good order, however often they come."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(drill(options, bar))
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signum, task.cancel)
    return await task
