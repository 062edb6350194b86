"""The listening socket: bound by the supervisor, which outlives web, and handed to web's process.

While web restarts, connections wait in this socket's backlog instead of being refused.
"""

import errno
import os
import socket
import time
from pathlib import Path

from perdure.supervise.errors import ListenError

LISTEN_FD = "PERDURE_LISTEN_FD"
BACKLOG = 2048
_RETRY_S = 0.05


def bind(host: str, port: int, patience_s: float = 1.0) -> socket.socket:
    """A listening TCP socket. ``host``: a name, IPv4 or IPv6 (``::`` takes both); ``port`` 0: any free one.

    Waits up to ``patience_s`` for the port: the children of a supervisor that was killed a moment ago may
    still be closing theirs. Raises ListenError with what to do about it.
    """
    family, address = _resolve(host, port)
    until = time.monotonic() + patience_s
    while True:
        try:
            return _listen(family, address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
                raise _refusal(host, port, error) from error
        time.sleep(_RETRY_S)


def hand_over(listener: socket.socket) -> tuple[tuple[int, ...], dict[str, str]]:
    """``pass_fds`` and ``env`` of the ChildSpec that is to accept on this socket."""
    return (listener.fileno(),), {LISTEN_FD: str(listener.fileno())}


def inherited() -> socket.socket | None:
    """In a child: the listening socket that was handed over, once; None when there is none (any more).

    Raises ListenError when the environment names one that is not there.
    """
    fd = os.environ.pop(LISTEN_FD, None)
    if fd is None:
        return None
    try:
        listener = socket.socket(fileno=int(fd))
    except (ValueError, OSError) as error:
        raise ListenError(
            f"{LISTEN_FD} is '{fd}', which is no open socket.", f"Unset {LISTEN_FD}; perdure serve sets it."
        ) from error
    listener.set_inheritable(False)
    return listener


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    if not 0 <= port <= 65535:
        raise ListenError(f"{port} is not a port number.", "Choose one from 1 to 65535 with --port.")
    if not host:  # To the resolver this is every address there is, which nobody asks for by saying nothing.
        raise ListenError("No host to listen on is given.", "Choose 127.0.0.1 with --host.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise ListenError(
            f"The host '{host}' is not known on this machine.",
            "Choose 127.0.0.1, or an address of this machine, with --host.",
        ) from error
    # A name such as localhost may mean both; clients that know one family only know IPv4.
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return found[0][0], found[0][4]


def _listen(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.set_inheritable(True)
    except BaseException:
        listener.close()
        raise
    return listener


def _refusal(host: str, port: int, error: OSError) -> ListenError:
    match error.errno:
        case errno.EADDRINUSE:
            return ListenError(
                f"Port {port} on {host} is in use{_by_whom(port)}.",
                "Stop that program, or choose another port with --port.",
            )
        case errno.EACCES | errno.EPERM:
            return ListenError(
                f"This user may not listen on port {port}.", "Choose a port of 1024 or above with --port."
            )
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return ListenError(
                f"{host} is not an address of this machine.",
                "Choose 127.0.0.1, or an address that this machine has, with --host.",
            )
        case _:
            return ListenError(
                f"Listening on {host} port {port} failed: {error.strerror or error}.",
                "Choose another address or port with --host and --port.",
            )


def _by_whom(port: int) -> str:
    """Who listens on ``port``, as ``" by process 12 (nginx)"``; empty where this user may not see it."""
    wanted = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening_inodes(table, port)}
    if not wanted:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(fd.readlink()) in wanted for fd in (process / "fd").iterdir()):
                return f" by process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue
    return ""


def _listening_inodes(table: str, port: int) -> list[str]:
    try:
        rows = Path("/proc/net", table).read_text().splitlines()[1:]
    except OSError:
        return []
    fields = [row.split() for row in rows]
    return [row[9] for row in fields if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]
