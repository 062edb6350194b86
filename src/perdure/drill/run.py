"""The whole drill: a server, people who talk with it, strikes, and the verdict."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from uuid import uuid4

from perdure.config import Settings
from perdure.drill import lines
from perdure.drill.options import Drilled, Options, Progress
from perdure.drill.server import OwnServer, Server, reuse_weights
from perdure.drill.session import Session
from perdure.drill.verdict import Fault, Finding

FIRST_TOKEN_S, STALL_S = 5.0, 4.0
"""Silence of the scripted backend that counts as a failure, in seconds. It is always quick, so that this can be shorter
than a freeze of it; but a worker that was frozen and comes back must first of all want to go on writing."""


async def drill(options: Options, progress: Progress) -> Drilled:
    """Run it to the end. Cancelled, it leaves nothing behind.

    Raises NotStartedError where the server does not start, PerdureError where it cannot be talked with at all.
    """
    if options.server is not None:
        return await Session(options, Server(options.settings.data_dir, options.server), progress).run()
    folder = Path(tempfile.mkdtemp(prefix="perdure-drill-"))
    keep = options.keep
    server = OwnServer(folder, uuid4().hex, _flags(options), _secrets(options.settings), scripted=options.scripted)
    try:
        progress.say("starting a server")
        if _starter(options):
            await asyncio.to_thread(reuse_weights, options.settings.paths.models, server.data_dir)
        await server.start()
        drilled = await Session(options, server, progress).run()
        progress.say("stopping the server")
        orphans = await server.stop()
        drilled.findings += [Finding(Fault.ORPHAN, f"process {pid} outlived its server") for pid in orphans]
        # A folder that has something to tell is kept.
        keep = keep or bool(drilled.findings)
        drilled.folder = folder if keep else None
        return drilled
    finally:
        await asyncio.shield(server.destroy())
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _starter(options: Options) -> bool:
    """Whether the drilled server runs the starter model."""
    return options.settings.managed and options.settings.gguf is None and not options.scripted


def _flags(options: Options) -> list[str]:
    """How the server is run: so that a reply is a function of its message, as far as the model allows."""
    settings = options.settings
    flags: dict[str, object] = {
        "workers": settings.workers,
        "context_size": settings.context_size,
        "max_tokens": options.max_tokens,
        "temperature": 0,
        "seed": lines.SEED,
    }
    if options.scripted:
        flags |= {"first_token_s": FIRST_TOKEN_S, "stall_s": STALL_S}
    elif settings.backend_url is not None:
        flags |= {"backend_url": settings.backend_url, "model": settings.model}
    else:
        flags |= {"gguf": settings.gguf, "slots": settings.slots, "threads": settings.threads}
    return [
        part
        for name, value in flags.items()
        if value is not None
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]


def _secrets(settings: Settings) -> dict[str, str]:
    """What must not stand in a command line, which everybody on the machine can read."""
    key = settings.backend_api_key
    return {} if key is None else {"PERDURE_BACKEND_API_KEY": key.get_secret_value()}
