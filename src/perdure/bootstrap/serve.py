"""Everything on one machine: what the supervisor is to run.

Kept free of heavy imports: the supervisor has to be up at once, stay small, and have little in it to break.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from perdure.bootstrap.extra import NO_OTEL, has_otel
from perdure.config import MODEL_KEY_VARIABLE, MODEL_PORT_VARIABLE, WEB_URL_VARIABLE, Settings
from perdure.store.head import is_current
from perdure.supervise import listening
from perdure.supervise.children import ChildSpec
from perdure.supervise.stand_in import StandIn
from perdure.supervise.supervisor import Supervisor

START_GRACE_S = 60.0
"""How long a process may take to import its code: the very first time, on a slow and busy machine."""

SLOW_DISK_BYTES_PER_S = 30e6
"""What a disk delivers at least."""

PRIVATE_UMASK = 0o077


class RefusedError(Exception):
    """`serve` cannot start as asked; the text says why and what to do."""


async def serve(settings: Settings, listener: socket.socket, begun: Callable[[], None]) -> int:
    """Run all processes until told to stop; returns the exit status. `begun` is called when nothing refuses it.

    Raises RefusedError where the record cannot be brought up to date, or the SuperviseError of the supervisor.
    """

    def ours() -> None:
        """Not before: an older Perdure may be running on this folder, which this version's record would break."""
        migrate(settings)
        begun()

    with _reserved_port() as reserved:
        specs = child_specs(settings, listener, reserved.getsockname()[1], secrets.token_urlsafe(32))
        stand_in = StandIn("web", listener, settings.paths.site)
        return await Supervisor(specs, settings.paths.control, stand_in=stand_in).run(ours)


def prepare(settings: Settings) -> socket.socket:
    """Make the data folder, and listen.

    Raises RefusedError, or the ListenError of the supervisor's package.
    """
    refuse_unsafe(settings)
    if settings.otlp_endpoint is not None and not has_otel():
        raise RefusedError(f"{NO_OTEL}, or leave otlp_endpoint (PERDURE_OTLP_ENDPOINT) away.")
    make_data_dir(settings)
    return listening.bind(settings.host, settings.port)


def refuse_unsafe(settings: Settings) -> None:
    """Beyond this machine nobody is served without an access token."""
    if not settings.local_only and settings.access_token is None:
        raise RefusedError(
            f"Perdure does not listen on {settings.host} without an access token, since others could reach it. "
            "Set access_token (PERDURE_ACCESS_TOKEN), or listen on 127.0.0.1."
        )


def make_data_dir(settings: Settings) -> None:
    """The folder that holds everything; it, and what this process and its children make, are their owner's alone."""
    os.umask(PRIVATE_UMASK)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.paths.run.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise RefusedError(
            f"The data folder {settings.data_dir} cannot be made: {error.strerror}. "
            "Choose another with data_dir (PERDURE_DATA_DIR)."
        ) from error


def migrate(settings: Settings) -> None:
    """Bring the record to this version's schema, in a process of its own, and keep it for its owner alone.

    Raises RefusedError.
    """
    if is_current(settings.paths.database):
        make_private(settings)
        return
    command = [sys.executable, "-m", "perdure.store.migrate", str(settings.paths.database)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise RefusedError(
            f"The record at {settings.paths.database} could not be opened or brought up to date: {last[0]}. "
            "Check the disk's free space and the file's owner; nothing in it was changed."
        )
    make_private(settings)


def make_private(settings: Settings) -> None:
    """The record is for its owner alone, since API keys are in it: what an earlier version left open is closed.

    SQLite gives the files beside it (`-wal`, `-shm`) the mode of the record itself.
    """
    for file in settings.data_dir.glob(f"{settings.paths.database.name}*"):
        # Some file systems know no modes; there the folder's owner has to see to it.
        with contextlib.suppress(OSError):
            file.chmod(0o600)


def child_specs(settings: Settings, listener: socket.socket, model_port: int, model_key: str) -> Sequence[ChildSpec]:
    """Health, web, workers, and the model where it is embedded; in the order in which they end."""
    env = {**settings.environment(), MODEL_PORT_VARIABLE: str(model_port), MODEL_KEY_VARIABLE: model_key}
    fds, listen_env = listening.hand_over(listener)
    web = replace(_spec(settings, "web", {**env, **listen_env}), pass_fds=fds, stop_order=0)
    workers = [replace(_spec(settings, "worker", env), name=name, stop_order=1) for name in worker_names(settings)]
    # Who is told to end has not died: those that are watched end after who watches.
    # And nobody has to wait for it at the start.
    health = _spec(settings, "health", {**env, WEB_URL_VARIABLE: _reached_at(listener)})
    health = replace(health, after="web", stop_order=-1)
    if not settings.managed:
        return [web, *workers, health]
    # The threads of llama.cpp sleep while they wait for one another: spinning, on cores that others use too, they were
    # thirty times slower. It has to be said before the process begins.
    quiet = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive")}
    model = _spec(settings, "model", {**env, **quiet})
    # How much memory a model takes is its file's affair.
    model = replace(model, start_grace_s=_load_grace_s(settings), memory_limit_bytes=0, stop_order=2)
    return [web, *workers, model, health]


def worker_names(settings: Settings) -> Sequence[str]:
    """What the workers that `serve` runs are called."""
    return [f"worker-{n}" for n in range(1, settings.workers + 1)]


def _spec(settings: Settings, role: str, env: Mapping[str, str]) -> ChildSpec:
    """A child that runs `perdure ROLE` and is called by its role."""
    program = [sys.executable, "-m", "perdure", role]
    limit_bytes = settings.memory_limit_mib * 2**20
    return ChildSpec(role, role, program, env, start_grace_s=START_GRACE_S, memory_limit_bytes=limit_bytes)


def _reached_at(listener: socket.socket) -> str:
    """Where this machine reaches what listens there."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if listener.family is socket.AF_INET6 else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _load_grace_s(settings: Settings) -> float:
    """How long the model may take to load: a slow disk's time for its file, and then some."""
    size = settings.gguf.stat().st_size if settings.gguf and settings.gguf.is_file() else 0
    return 20.0 + size / SLOW_DISK_BYTES_PER_S


def _reserved_port() -> socket.socket:
    """A free port for the model, kept for it by a socket that never listens (SO_REUSEPORT lets the model share it)."""
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
