"""Drills that the operator has: one at a time, as a child process that ends with this one."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from perdure.files import write_whole

END_S = 3.0
"""How long it may take to clean up, in seconds."""

LOOK_S = 1.0


class NoDrill(Exception):
    """It cannot be begun, or there is none to be ended; the text says why."""


class Drills:
    """Begins and ends them. `program` is followed by who has it begun and by how many strikes; the drill keeps its own
    account of itself in `file`.
    """

    def __init__(self, program: Sequence[str], file: Path) -> None:
        self._program = program
        self._file = file
        self._process: subprocess.Popen[bytes] | None = None
        self._close_account()

    def begin(self, by: str, kills: int) -> None:
        """Begin one. Raises NoDrill."""
        if self._running():
            raise NoDrill("A drill is going on: one at a time.")
        now = time.time()
        # Said here first: it may be ended before it has said a word.
        told = {"state": "running", "by": by, "begun_at": now, "at": now, "kills": kills, "struck": 0, "doing": ""}
        write_account(self._file, told)
        quiet = subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                [*self._program, by, str(kills)], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
            )
        except OSError as error:
            self._close_account()
            raise NoDrill(f"It could not be started: {error.strerror}.") from error

    def cancel(self) -> None:
        """Have it end, without a verdict. Raises NoDrill."""
        if not self._running():
            raise NoDrill("No drill is going on.")
        self._process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]  # it runs

    async def watch(self) -> None:
        """See to it that one which ended without a word is not said to go on; cancel to end."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._process is not None and self._process.poll() is not None:
                self._process = None
                self._close_account()

    def close(self) -> None:
        """End whatever goes on, and wait for it. Blocks."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close_account()

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _close_account(self) -> None:
        """What says that it goes on, and does not any more, was broken off with whoever had begun it."""
        with suppress(OSError, ValueError):
            told = json.loads(self._file.read_bytes())
            if isinstance(told, dict) and told.get("state") == "running":
                write_account(self._file, {**told, "state": "cancelled", "doing": ""})


def write_account(file: Path, told: Mapping[str, Any]) -> None:
    """Keep what is known of a drill; a reader sees all of it or what was before. A disk that takes nothing is no reason
    to stop.
    """
    with suppress(OSError):
        write_whole(file, json.dumps(told).encode())
