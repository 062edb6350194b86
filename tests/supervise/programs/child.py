"""A child for the supervisor's tests: writes what happens to it in a journal, and misbehaves as it is told.

Usage: child.py JOURNAL [BEHAVIOUR …]. SIGUSR1 hangs its event loop, SIGUSR2 makes its health check fail.
"""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from perdure.supervise import lifeline, listening

JOURNAL, BEHAVIOURS = Path(sys.argv[1]), set(sys.argv[2:])
GATE = JOURNAL.with_name("gate")


def write(what: str, **more: object) -> None:
    line = json.dumps({"name": os.environ.get("TEST_NAME"), "pid": os.getpid(), "what": what, **more}) + "\n"
    fd = os.open(JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, line.encode())
    os.close(fd)


def start_grandchild() -> int:
    return subprocess.Popen(["sleep", "3600"]).pid


def hang() -> None:
    write("hangs")
    if "hangs-in-c" in BEHAVIOURS:
        ctypes.PyDLL(None).sleep(3600)  # Without letting go of the interpreter's lock: no thread can run.
    time.sleep(3600)


async def main(line: lifeline.Lifeline) -> int:
    loop = asyncio.get_running_loop()
    told_to_stop = asyncio.Event()
    healthy = True

    def on_stop() -> None:
        write("sigterm")
        if "deaf" not in BEHAVIOURS:
            told_to_stop.set()

    def fall_ill() -> None:
        nonlocal healthy
        healthy = False

    async def is_healthy() -> bool:
        return healthy

    async def read_notices() -> None:
        async for notice in line.notices():
            write("notice", notice=notice)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"hello from {os.getpid()}\n".encode())
        writer.close()

    loop.add_signal_handler(signal.SIGTERM, on_stop)
    loop.add_signal_handler(signal.SIGINT, write, "sigint")
    loop.add_signal_handler(signal.SIGUSR1, hang)
    loop.add_signal_handler(signal.SIGUSR2, fall_ill)
    tasks = [asyncio.create_task(read_notices())]
    if "mute" not in BEHAVIOURS:
        tasks.append(asyncio.create_task(lifeline.beat(line, is_healthy)))
    listener = listening.inherited()
    if listener is not None:
        await asyncio.start_server(answer, sock=listener)
    if "parent" in BEHAVIOURS:
        write("grandchild", grandchild=start_grandchild())
    write("started", incarnation=line.incarnation)
    held = []
    if "leaks" in BEHAVIOURS and not GATE.exists():
        GATE.touch()
        held.append(os.urandom(128 * 2**20))
    await told_to_stop.wait()
    if "slow" in BEHAVIOURS:
        await asyncio.sleep(0.3)
    write("ended")
    return 0


if __name__ == "__main__":
    os.environ["TEST_NAME"] = os.environ.get(lifeline.NAME, "alone")
    if "gated" in BEHAVIOURS:
        write("waiting")
        while not GATE.exists():
            time.sleep(0.02)
    if "dies" in BEHAVIOURS or ("dies-at-first" in BEHAVIOURS and not GATE.exists()):
        write("started")
        sys.exit(3)
    attached = lifeline.attach("alone")
    if "no-parent-death-signal" in BEHAVIOURS:
        ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    sys.exit(asyncio.run(main(attached)))
