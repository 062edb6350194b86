"""One supervisor for one data folder: a lock that the kernel drops when its holder dies, however."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perdure.supervise.errors import AlreadyRunningError, SuperviseError

_RETRY_S = 0.05


@contextmanager
def sole_supervisor(path: Path, patience_s: float = 1.0) -> Iterator[None]:
    """Hold the lock file at ``path``, with this process's id in it, for the length of the block.

    Waits up to ``patience_s``, for a predecessor that was killed may still be on its way out.
    Raises AlreadyRunningError while another supervisor holds it, SuperviseError when it cannot be locked.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        _acquire(fd, path, patience_s)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # The file stays: to unlink it could take the name from under a successor that already holds it.
        os.close(fd)


def _acquire(fd: int, path: Path, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise _taken(fd, path) from None
            time.sleep(_RETRY_S)
        except OSError as error:
            raise _unusable(path, error) from error
        else:
            return


def _taken(fd: int, path: Path) -> AlreadyRunningError:
    text = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
    pid = int(text) if text.isdigit() else None
    who = "Another Perdure" if pid is None else f"Another Perdure (process {pid})"
    return AlreadyRunningError(
        f"{who} is running on the data folder {path.parent.parent}.",
        "Stop it first, or give this one another folder with --data-dir.",
        pid,
    )


def _unusable(path: Path, error: OSError) -> SuperviseError:
    return SuperviseError(
        f"The lock file {path} cannot be used: {error.strerror}.",
        "Make its folder writable for this user, or choose another one with --data-dir.",
    )
