"""What a child is (``ChildSpec``), and one life of it as a process (``Incarnation``)."""

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from perdure.supervise.lifeline import INCARNATION, LIFELINE_FD, NAME


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One child to keep running. The program must call ``lifeline.attach`` and run ``lifeline.beat``."""

    name: str
    role: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the supervisor's own environment."""
    pass_fds: Sequence[int] = ()
    hang_after_s: float = 2.0
    """Silence that counts as a hang once the child is ready."""
    start_grace_s: float = 20.0
    """Silence that counts as a hang before the child is ready, whether it beats ``starting`` or not yet at all."""
    stop_grace_s: float = 5.0
    """From SIGTERM to SIGKILL."""
    memory_limit_bytes: int = 0
    """More than this of its own means that it leaks: it is ended in good order and started again. 0: no limit."""
    after: str | None = None
    """The child that is to be ready before this one is started at first, or to have been tried for a while."""
    stop_order: int = 0
    """At shutdown lower numbers end first; the next number is told to stop when they are gone."""


class Incarnation:
    """One process of a child, from its start until it is reaped.

    Made on a running event loop, in the thread that lives as long as the supervisor: the kernel's
    parent-death signal fires at the end of the *thread* that started a child. Raises OSError when the
    program cannot be started.

    ``heard`` is called with each word the child says, ``ended`` once, with the exit status (negative: a
    signal).
    """

    def __init__(self, spec: ChildSpec, heard: Callable[[str], None], ended: Callable[[int], None]) -> None:
        self.id = uuid4().hex
        self._heard = heard
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._unread = b""
        self._line, theirs = socket.socketpair()
        self._line.setblocking(False)
        try:
            with theirs:
                self._process = self._start(spec, theirs.fileno())
        except BaseException:
            self._line.close()
            raise
        self.pid = self._process.pid
        self._loop.add_reader(self._line, self._read)
        self._pidfd = _pidfd(self.pid)
        if self._pidfd is not None:
            self._loop.add_reader(self._pidfd, self.reap)

    def _start(self, spec: ChildSpec, line: int) -> "subprocess.Popen[bytes]":
        given = {NAME: spec.name, INCARNATION: self.id, LIFELINE_FD: str(line)}
        return subprocess.Popen(
            list(spec.argv),
            env={**os.environ, **spec.env, **given},
            pass_fds=(*spec.pass_fds, line),
            stdin=subprocess.DEVNULL,
            # Its own group, so that ^C in a terminal reaches the supervisor alone, which then stops all in
            # order, and so that whatever the child itself started can be ended with it.
            process_group=0,
        )

    def tell(self, notice: Mapping[str, object]) -> None:
        """Send a notice, or drop it when the child does not read: a hint is only a hint."""
        with suppress(OSError):
            self._line.send(json.dumps(notice).encode() + b"\n")

    def terminate(self) -> None:
        """Ask it to end. A stopped process is woken, or it could not hear."""
        self._signal(os.kill, signal.SIGTERM)
        self._signal(os.kill, signal.SIGCONT)

    def kill(self) -> None:
        """End it and all that it started in its process group."""
        self._signal(os.killpg, signal.SIGKILL)

    def reap(self) -> None:
        """Collect its exit status if it is dead; nothing otherwise."""
        if self._process.returncode is not None or not self._is_dead():
            return
        # Before its status is collected, while its id cannot be anyone else's: end what it left behind.
        self.kill()
        status = self._process.wait()
        self._loop.remove_reader(self._line)
        self._line.close()
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
        self._ended(status)

    def _is_dead(self) -> bool:
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def _signal(self, send: Callable[[int, int], None], signum: int) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                send(self.pid, signum)

    def _read(self) -> None:
        try:
            chunk = self._line.recv(65536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            chunk = b""
        if not chunk:  # It closed its end; whether it is dead is for the pidfd to say.
            self._loop.remove_reader(self._line)
            return
        *words, self._unread = (self._unread + chunk).split(b"\n")
        for word in words:
            self._heard(word.decode("ascii", "replace"))


def describe(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # Not Linux, or a kernel or sandbox without it: SIGCHLD must do.
        return None
