"""The control socket: how ``perdure ps`` and the web process ask the supervisor what runs.

A Unix stream socket in the data folder, for its owner only. One request line, one JSON answer, end of file.
Requests: ``processes`` -> a list of ProcessRow; ``restart NAME`` -> ``{"restarting": NAME}``. A refusal is
``{"error": sentence, "remedy": sentence}``.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from perdure.supervise.errors import AlreadyRunningError, ControlError, NotRunningError, RequestRefusedError
from perdure.supervise.processes import ProcessRow

_PATH_LIMIT = 100
"""Bytes. The kernel's own limit is 108 on Linux and 104 on some others."""
_REQUEST_PATIENCE_S = 5.0


class ControlSocket:
    """The end of whoever is asked. ``answer`` turns a request line into something JSON, now or within some seconds."""

    def __init__(self, path: Path, answer: Callable[[str], Awaitable[object]]) -> None:
        self._path = path
        self._answer = answer
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Bind and serve, replacing a socket that no one serves any more.

        Raises AlreadyRunningError when one answers there, ControlError when the socket cannot be made.
        """
        if _is_live(self._path):
            raise AlreadyRunningError(
                f"Another Perdure answers on {self._path}.",
                "Stop it first, or give this one another folder with --data-dir.",
                None,
            )
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
            with _address(self._path) as address:
                listener.bind(address)
            # Nobody can connect before listen(), so there is no moment with wider rights.
            self._path.chmod(0o600)
            self._server = await asyncio.start_unix_server(self._serve, sock=listener)
        except OSError as error:
            listener.close()
            raise ControlError(
                f"The control socket {self._path} cannot be made: {error.strerror or error}.",
                "Make its folder writable for this user, or choose another one with --data-dir.",
            ) from error

    async def close(self) -> None:
        """Stop serving and take the socket away."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that says nothing, too much, or leaves early costs a closed connection and no more. So does the end
        # of the process, which asyncio's streams would make a traceback of.
        with suppress(OSError, ValueError, TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(_REQUEST_PATIENCE_S):
                request = (await reader.readline()).decode("utf-8", "replace")
                writer.write(json.dumps(await self._answer(request)).encode() + b"\n")
                await writer.drain()
        writer.close()


def processes(control_path: Path, timeout_s: float = 1.0) -> list[ProcessRow]:
    """What runs, the supervisor first.

    Raises NotRunningError, or ControlError when there is no answer in time.
    """
    return cast("list[ProcessRow]", ask(control_path, "processes", timeout_s))


async def processes_async(control_path: Path, timeout_s: float = 1.0) -> list[ProcessRow]:
    """``processes`` without blocking the event loop."""
    return cast("list[ProcessRow]", await ask_async(control_path, "processes", timeout_s))


def restart(control_path: Path, name: str, timeout_s: float = 1.0) -> None:
    """Have a child restarted gracefully; returns once the supervisor has taken the order.

    Raises as ``processes`` does, and ControlError for an unknown name.
    """
    ask(control_path, f"restart {name}", timeout_s)


def ask(path: Path, request: str, timeout_s: float = 1.0) -> object:
    """The answer to a request line from whoever serves the socket at `path`, in the data folder's `run`.

    Raises NotRunningError, or RequestRefusedError, or ControlError when there is no answer in time.
    """
    with (
        _explained(path, timeout_s),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line,
        _address(path) as address,
    ):
        line.settimeout(timeout_s)
        line.connect(address)
        line.sendall(request.encode() + b"\n")
        with line.makefile("rb") as answers:
            return _accepted(answers.read())


async def ask_async(path: Path, request: str, timeout_s: float = 1.0) -> object:
    """``ask`` without blocking the event loop."""
    with _explained(path, timeout_s):
        async with asyncio.timeout(timeout_s):
            with _address(path) as address:
                reader, writer = await asyncio.open_unix_connection(address)
            try:
                writer.write(request.encode() + b"\n")
                return _accepted(await reader.read())
            finally:
                writer.close()


def _accepted(said: bytes) -> object:
    answer = json.loads(said)
    if isinstance(answer, dict) and "error" in answer:
        raise RequestRefusedError(str(answer["error"]), str(answer.get("remedy", "")))
    return cast("object", answer)


@contextmanager
def _explained(path: Path, timeout_s: float) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunningError(
            f"No Perdure is running on the data folder {path.parent.parent}.",
            "Start it with perdure serve, or name the right folder with --data-dir.",
        ) from error
    except (OSError, ValueError) as error:
        raise ControlError(
            f"{path.name} did not answer within {timeout_s:g} s ({error}).",
            "Ask again; if that does not help, look at its log and restart perdure serve.",
        ) from error


def _is_live(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            with _address(path) as address:
                probe.connect(address)
        except (BlockingIOError, TimeoutError):
            return True  # Too busy to answer is alive.
        except OSError:
            return False  # Dead, absent, or unusable in a way that binding will tell.
    return True


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """``path`` as a socket address; one too long for the kernel goes through its folder's descriptor."""
    if len(os.fsencode(path)) <= _PATH_LIMIT:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
