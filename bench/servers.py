"""The servers that are measured, as child processes with data folders of their own."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.processes import descendants
from bench.wire import MARK, Connection, WireError
from perdure.models import weights

CACHE = Path(__file__).parents[1] / ".cache"
"""Holds data folders while a benchmark runs, and LiteLLM's environment."""

PATIENCE_S = 60.0

LITELLM_SETTINGS = """\
model_list:
  - model_name: scripted
    litellm_params: {model: openai/scripted, api_base: "%s/v1", api_key: none}
litellm_settings: {num_retries: 0, telemetry: false}
router_settings: {num_retries: 0, disable_cooldowns: true}
general_settings: {dangerously_permit_weak_or_unset_master_key: true}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `pids` are its processes by name."""

    port: int
    pids: dict[str, int]
    folder: Path = field(default_factory=Path)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


def script(tokens: int, interval_s: float) -> dict[str, object]:
    """What the backend says to every message: marked, numbered words, one each `interval_s`."""
    words = " ".join(f"{MARK.decode()}{n}" for n in range(tokens))
    return {"text": words, "tokens": tokens, "interval": interval_s}


async def told(backend: Server, tokens: int, interval_s: float) -> None:
    """Set what the backend says from now on."""
    connection = await Connection.open(backend.port)
    (await connection.ask("POST", "/control", {"reset": True, "default": script(tokens, interval_s)})).json()
    connection.close()


@contextmanager
def scripted() -> Iterator[Server]:
    """The scripted backend."""
    command = [sys.executable, "-m", "perdure.models.scripted", "--with-parent"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with _ended(process):
        line = process.stdout.readline()
        yield Server(int(line.rpartition(":")[2]), {"backend": process.pid})


@asynccontextmanager
async def perdure(*flags: str, folder: Path | None = None) -> AsyncIterator[Server]:
    """`perdure serve` on a free port and, unless one is given, a new data folder; all of its processes are up."""
    with ExitStack() as stack:
        where = folder or stack.enter_context(data_folder())
        process = stack.enter_context(serve(where, *flags))
        url = await asyncio.to_thread(_printed_url, process)
        port = urlsplit(url).port
        assert port is not None
        async with asyncio.timeout(PATIENCE_S):
            pids = await running(port)
        yield Server(port, {"supervisor": process.pid, **pids}, where)


@contextmanager
def serve(folder: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """`perdure serve`, just started. Its log goes to `serve.log` beside the data."""
    command = [sys.executable, "-m", "perdure", "serve", "--port", "0", "--data-dir", str(folder / "data"), *flags]
    env = environment()
    with (folder / "serve.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder, env=env)
        with _ended(process):
            yield process


async def running(port: int) -> dict[str, int]:
    """The processes that web, workers and model run in, once all of them do."""
    while True:
        rows = await processes(port)
        if all(row["state"] == "running" for row in rows):
            return {row["name"]: row["pid"] for row in rows if row["role"] != "supervisor"}
        await asyncio.sleep(0.05)


async def processes(port: int) -> list[dict[str, Any]]:
    """The list of processes as web gives it."""
    connection = await Connection.open(port)
    try:
        rows = (await connection.ask("GET", "/api/v1/operator/processes")).json()
    finally:
        connection.close()
    assert isinstance(rows, list)
    return rows


@asynccontextmanager
async def litellm(backend: Server) -> AsyncIterator[Server]:
    """LiteLLM's proxy with one worker, no database and no retries, in front of the scripted backend."""
    port = free_port()
    with data_folder() as folder, _litellm_process(folder, backend, port) as process:
        await _alive(port, "/health/liveliness")
        pids = {f"litellm-{n}" if n else "litellm": pid for n, pid in enumerate(descendants(process.pid))}
        yield Server(port, pids, folder)


@contextmanager
def _litellm_process(folder: Path, backend: Server, port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = str(litellm_program())
    settings = folder / "litellm.yaml"
    settings.write_text(LITELLM_SETTINGS % backend.url)
    command = [program, "--config", str(settings), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    env = {**environment(), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    with (folder / "litellm.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=env)
    with _ended(process):
        yield process


def litellm_program() -> Path:
    """LiteLLM in an environment of its own, made at the first call: its pins are not to meet ours."""
    home = CACHE / "bench-venv"
    program = home / "bin" / "litellm"
    if not program.exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "python", "-m", "pip", "install", "--quiet", "litellm[proxy]"], check=True)
    return program


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder on the disk that the repository is on, gone afterwards."""
    CACHE.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=CACHE))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """End the process in any case: in good order, or else by force."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _printed_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word
    raise WireError("perdure serve ended without an address; run it by hand to see why")


async def _alive(port: int, path: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection = await Connection.open(port)
            answer = await connection.ask("GET", path)
            connection.close()
            if answer.status == 200:
                return
        except (OSError, WireError):
            pass
        if time.monotonic() > until:
            raise TimeoutError(f"nothing answers at port {port}")
        await asyncio.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def environment() -> dict[str, str]:
    """Ours, as a user's would be, modules compiled once and kept: but a benchmark asks for more than any person may."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PERDURE_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    if path := kept.get("PYTHONPATH"):
        kept["PYTHONPATH"] = os.pathsep.join(str(Path(part).absolute()) for part in path.split(os.pathsep))
    return {**kept, "PERDURE_MESSAGES_PER_MINUTE": "0", "PERDURE_MAX_QUEUED": "0"}


def bring_weights(folder: Path) -> None:
    """Put the starter weights where `perdure serve` looks in this data folder; fetched once for all benchmarks."""
    store = CACHE / "weights"
    store.mkdir(parents=True, exist_ok=True)
    weights.fetch(store, lambda _done, _total: None)
    models = folder / "data" / "models"
    shutil.copytree(store, models, copy_function=os.link, ignore=shutil.ignore_patterns("*.lock"))
