"""The process of the embedded model: gets the weights where they are missing, then is the llama.cpp server."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from yarl import URL

from perdure.bootstrap.process import stop_on_signals
from perdure.config import MODEL_KEY_VARIABLE, MODEL_PORT_VARIABLE, Settings
from perdure.core.errors import PerdureError
from perdure.files import write_whole
from perdure.models import llamacpp_server, weights
from perdure.models.prompt_cache import PromptFiller, Slots
from perdure.models.prompt_files import PromptFiles
from perdure.supervise.lifeline import Lifeline, beat
from perdure.supervise.pulse import READY, STARTING

log = structlog.get_logger()

TRY_AGAIN_S = 30.0
"""How long to wait before a model that could not be had is tried again, in seconds."""

FIT_EVERY_S = 10.0
"""How often the saved prompts are held against their limit and the disk's free space, in seconds."""

TOLD_EVERY_S = 0.5
"""How often the progress of a download is written down for the pages, in seconds."""


async def run_model(settings: Settings, lifeline: Lifeline) -> None:
    """Get the model and serve it until told to stop. What is missing is told, and tried again."""
    stop = stop_on_signals()
    health: list[str] = []
    lifeline.say(STARTING)

    async def healthy() -> bool:
        return all([await llamacpp_server.healthy(url) for url in health])

    beating = asyncio.create_task(beat(lifeline, healthy))
    stopping = asyncio.create_task(stop.wait())
    server: llamacpp_server.ModelServer | None = None
    memory: asyncio.Task[None] | None = None
    while server is None and not stop.is_set():
        try:
            gguf = settings.gguf or await _starter(settings)
            prompts = await asyncio.to_thread(_prompts, settings, gguf)
            server = _load(settings, gguf, prompts)
        except PerdureError as missing:
            log.error("the model is missing", detail=missing.detail)
            _tell(settings, "missing", detail=missing.detail, remedy=missing.remedy)
            await asyncio.wait([stopping], timeout=TRY_AGAIN_S)
    if server is not None:
        health.append(server.url)
        async with aiohttp.ClientSession() as session:
            if prompts is not None:
                slots = Slots(URL(server.url), {"Authorization": f"Bearer {_key()}"}, lambda: session)
                filler = PromptFiller(slots, prompts)
                await filler.first()
                memory = asyncio.create_task(_remember(filler, prompts))
            lifeline.say(READY)
            _tell(settings, "ready", prompts=prompts and prompts.folder.name)
            log.info("model is ready", url=server.url)
            await stop.wait()
            if memory is not None:
                memory.cancel()
        server.close()
    stopping.cancel()
    beating.cancel()


def _load(settings: Settings, gguf: Path, prompts: PromptFiles | None) -> llamacpp_server.ModelServer:
    # Told before it can be asked anything, or the first prompt of all would not be saved.
    _tell(settings, "loading", prompts=prompts and prompts.folder.name)
    port = int(os.environ.get(MODEL_PORT_VARIABLE, "0"))
    cores = len(os.sched_getaffinity(0))
    # One core is left to web and workers: the threads of llama.cpp wait for one another by spinning, so one that shares
    # its core slows all of them many times over. Reading a prompt takes all cores, since people wait for nothing else.
    threads = settings.threads or max(1, cores - 1)
    # Holds the interpreter until it is done: no heartbeat in between, which the supervisor knows to bear.
    return llamacpp_server.serve_model(
        gguf,
        "127.0.0.1",
        port,
        settings.context_size,
        settings.slots,
        threads,
        api_key=_key(),
        batch_threads=settings.threads or cores,
        prompts=prompts.folder if prompts else None,
    )


def _prompts(settings: Settings, gguf: Path) -> PromptFiles | None:
    """Where this model keeps what it has read, made fit; None where it is to keep nothing, or cannot."""
    if not gguf.is_file():
        return None  # of which the loading will tell
    root, limit_bytes = settings.paths.prompts, settings.prompt_cache_mib * 1024**2
    try:
        prompts = PromptFiles(root, llamacpp_server.identity(gguf, settings.context_size), limit_bytes)
        if limit_bytes or root.exists():
            prompts.folder.mkdir(parents=True, exist_ok=True)
            prompts.fit()
    except OSError as error:
        log.warning("prompts cannot be saved: they are read again when the model dies", reason=error.strerror)
        return None
    return prompts if limit_bytes else None


async def _remember(filler: PromptFiller, prompts: PromptFiles) -> None:
    """Fill the memory while nobody speaks, then see to it that the saved prompts leave the disk its room."""
    await filler.rest()
    while True:
        await asyncio.sleep(FIT_EVERY_S)
        with suppress(OSError):
            await asyncio.to_thread(prompts.fit)


def _key() -> str | None:
    return os.environ.get(MODEL_KEY_VARIABLE)


async def _starter(settings: Settings) -> Path:
    """The starter weights, fetched at the first start with a progress bar here and on the pages."""
    columns = (TextColumn("starter model"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    told_at = -TOLD_EVERY_S
    loop = asyncio.get_running_loop()
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("starter model", total=None)

        def progress(done: int, total: int) -> None:
            nonlocal told_at
            bar.update(task, completed=done, total=total)
            now = loop.time()
            if done < total and now - told_at >= TOLD_EVERY_S:
                told_at = now
                _tell(settings, "fetching", progress={"done_bytes": done, "total_bytes": total})

        return await asyncio.to_thread(weights.fetch, settings.paths.models, progress)


def _tell(settings: Settings, state: str, **more: Any) -> None:
    """Write down how the model stands, for the pages. A hint: whether it answers is asked of itself."""
    file = settings.paths.model_state
    try:
        write_whole(file, json.dumps({"state": state, **more}).encode())
    except OSError as error:
        with suppress(OSError):
            file.unlink(missing_ok=True)  # better nothing than what is no longer so
        log.warning("the model's state cannot be written down", reason=error.strerror)
