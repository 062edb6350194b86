"""Single keys of a terminal, while something else is drawn there."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

NAMES = {"\x1b[A": "up", "\x1b[B": "down", "\x1bOA": "up", "\x1bOB": "down", "\x1b[Z": "up", "\t": "down", "\x03": "q"}
"""Keys by what they send: arrows, Tab and Shift-Tab, Ctrl-C."""


@asynccontextmanager
async def keys(fd: int, pressed: Callable[[str], None]) -> AsyncIterator[None]:
    """Call `pressed` with each key: a character, `up` or `down`; `q` at the terminal's end too. The terminal is
    afterwards as it was.
    """
    before = termios.tcgetattr(fd)
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            typed = os.read(fd, 1024).decode("utf-8", "replace")
        except OSError:
            typed = ""
        if not typed:
            loop.remove_reader(fd)
            pressed("q")
        for key in _split(typed):
            pressed(NAMES.get(key, key))

    tty.setcbreak(fd)
    # Ctrl-C is a key among keys.
    flags = termios.tcgetattr(fd)
    flags[3] &= ~termios.ISIG
    termios.tcsetattr(fd, termios.TCSANOW, flags)
    loop.add_reader(fd, read)
    try:
        yield
    finally:
        loop.remove_reader(fd)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _split(typed: str) -> list[str]:
    """What was typed, key by key: an escape sequence is one."""
    found = []
    while typed:
        length = next((len(name) for name in NAMES if len(name) > 1 and typed.startswith(name)), 1)
        found.append(typed[:length])
        typed = typed[length:]
    return found
