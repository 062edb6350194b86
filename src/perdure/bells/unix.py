"""A bell over Unix datagram sockets in the data folder: one for each process that listens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from perdure.ports.bell import AUDIENCE, Audience, Hint

SUFFIX = ".bell"

LISTING_S = 0.5
"""How long a listing of the folder is good for, in seconds: who has come since looks by itself that often."""


class UnixBell:
    """Every process binds one socket in `folder`, named after its role; ringing sends a datagram to whom it concerns.

    `name` is unique among living processes (an incarnation). Sockets of dead ones are removed by whoever finds them.
    """

    def __init__(self, folder: Path, role: str, name: str) -> None:
        self._folder = folder
        self._own = f"{role}-{name}{SUFFIX}"
        self._heard: dict[Hint, list[Callable[[], None]]] = defaultdict(list)
        self._socket: socket.socket | None = None
        self._folder_fd: int | None = None
        self._listed_at = 0.0
        self._names: tuple[str, ...] = ()
        # For each hint by itself: those that alternate would otherwise find the same listener every time.
        self._turns: dict[Hint, cycle[int]] = {hint: cycle(range(840)) for hint in Hint}  # 840: by any small number

    async def open(self) -> None:
        """Begin to listen."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # A socket's address holds about 100 bytes, a folder's path may be longer: the way leads through a descriptor.
        self._folder_fd = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        with contextlib.suppress(FileNotFoundError):
            (self._folder / self._own).unlink()
        bell.bind(self._address(self._own))
        self._socket = bell
        asyncio.get_running_loop().add_reader(bell.fileno(), self._read)

    def listen(self, hint: Hint, heard: Callable[[], None]) -> None:
        """Call `heard` in the event loop whenever somebody else rings."""
        self._heard[hint].append(heard)

    def ring(self, hint: Hint) -> None:
        """Tell those whom it concerns; whoever cannot take it now finds out by looking. Any thread may ring."""
        bell = self._socket
        if bell is None:
            return
        role, how = AUDIENCE[hint]
        names = [name for name in self._listed() if name.startswith(f"{role}-")]
        if how is Audience.ONE and names:
            # Whoever it is: were all to run for it, all but one would run for nothing.
            start = next(self._turns[hint]) % len(names)
            names = names[start:] + names[:start]
        for name in names:
            if self._send(bell, hint, name) and how is Audience.ONE:
                return

    def close(self) -> None:
        """Listen no more."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            with contextlib.suppress(OSError):
                (self._folder / self._own).unlink()
        if self._folder_fd is not None:
            os.close(self._folder_fd)
            self._folder_fd = None

    def _listed(self) -> tuple[str, ...]:
        now = time.monotonic()
        if now - self._listed_at > LISTING_S:
            self._listed_at = now
            # The folder may have been deleted, or no descriptor be left: a hint less, and no failure of what rings.
            with contextlib.suppress(OSError):
                self._names = tuple(n for n in os.listdir(self._folder) if n.endswith(SUFFIX) and n != self._own)
        return self._names

    def _send(self, bell: socket.socket, hint: Hint, name: str) -> bool:
        if self._folder_fd is None:
            return False
        try:
            bell.sendto(hint.encode(), self._address(name))
        except (ConnectionRefusedError, FileNotFoundError):
            self._listed_at = 0.0
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
            return False
        except OSError:
            return False
        return True

    def _address(self, name: str) -> str:
        return f"/proc/self/fd/{self._folder_fd}/{name}"

    def _read(self) -> None:
        assert self._socket is not None
        hints: set[bytes] = set()
        with contextlib.suppress(BlockingIOError):
            while len(hints) < len(Hint):
                hints.add(self._socket.recv(64))
        for hint in Hint:
            if hint.encode() in hints:
                for heard in self._heard[hint]:
                    heard()
