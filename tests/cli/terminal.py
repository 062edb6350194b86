"""A person at a terminal, for tests: a real pseudo-terminal with a command in it, seen as it is seen there."""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

from tests.http.installation import DEADLINE_S, environment, perdure

ASKED = ("› Write to ", "› Ctrl-C again")
"""How the last line begins where nothing is typed and the person is asked."""


class Terminal:
    """A running command. `screen` is all that its person can see or scroll back to; `sent` is every byte of it."""

    def __init__(self, folder: Path, *arguments: str, columns: int = 100, **variables: str) -> None:
        self._own, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        self._seen = pyte.HistoryScreen(columns, 50, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self._seen)
        mine = {"TERM": "xterm-256color", "XDG_STATE_HOME": str(folder), "EDITOR": "true", **variables}
        kept = {name: value for name, value in environment().items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self._process = subprocess.Popen(
            perdure(*arguments), env={**kept, **mine}, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=_own_terminal,
        )  # fmt: skip
        os.close(theirs)
        self.sent = b""
        self._ended = False

    @property
    def screen(self) -> str:
        """What has been shown up to now, without the spaces at the ends of lines."""
        past = ["".join(row[n].data for n in range(self._seen.columns)) for row in self._seen.history.top]
        return "\n".join(line.rstrip() for line in (*past, *self._seen.display)).rstrip()

    @property
    def last(self) -> str:
        """The last line that holds something."""
        return self.screen.rpartition("\n")[2]

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._own, keys.encode())

    def say(self, text: str) -> str:
        """Type a line, send it, and wait for the next question; returns what came."""
        before = self.write(text)
        self.type("\r")
        return self.until_asked()[len(before) :]

    def write(self, text: str) -> str:
        """Type without sending, and see it there. Returns the screen before it."""
        before = self.until_asked()
        self.type(text)
        self.until(lambda _: self.last.startswith("› ") and not self._asked())
        end = text.split()[-1][-8:]
        self.until(lambda screen: screen.endswith(end))
        return before[: -len(before.rpartition("\n")[2])]

    def press(self, keys: str, sign: str) -> str:
        """Press keys, wait for one more `sign` and the next question; returns what came."""
        before = self.screen
        count = before.count(sign)
        self.type(keys)
        self.until(lambda screen: screen.count(sign) > count)
        return self.until_asked()[len(before) - len(before.rpartition("\n")[2]) :]

    def until(self, condition: Callable[[str], object]) -> str:
        """Wait until the screen is as `condition` wants it; returns it."""
        until = time.monotonic() + DEADLINE_S
        while not condition(self.screen):
            assert self._read(until), self.screen
        return self.screen

    def until_asked(self) -> str:
        """Wait for an empty prompt."""
        return self.until(lambda _: self._asked())

    def signal(self, signum: signal.Signals) -> None:
        """Send the command a signal."""
        self._process.send_signal(signum)

    def ended(self) -> int:
        """Wait for the end of the command; returns its exit status."""
        until = time.monotonic() + DEADLINE_S
        while self._read(until):
            pass
        return self._process.wait(DEADLINE_S)

    def cooked(self) -> bool:
        """Whether the terminal is as a shell wants it: lines, echo, signals."""
        flags: int = termios.tcgetattr(self._own)[3]
        wanted = termios.ICANON | termios.ECHO | termios.ISIG
        return flags & wanted == wanted

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        os.close(self._own)

    def _asked(self) -> bool:
        return self.last.startswith(ASKED)

    def _read(self, until: float) -> bool:
        """Read what has come; False at the end, or when nothing more came until the instant `until`."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._own, selectors.EVENT_READ)
            if not selector.select(max(0.0, until - time.monotonic())):
                return False
        try:
            more = os.read(self._own, 65536)
        except OSError:  # Linux's way to say that nobody has the other end open any more
            self._ended = True
            return False
        self.sent += more
        self._stream.feed(more)
        return bool(more)


def _own_terminal() -> None:
    """In the child: make the terminal its own, so that Ctrl-C there is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
