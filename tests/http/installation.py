"""A whole Perdure in real processes, for tests that ask it from outside."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from perdure.supervise import control
from perdure.supervise.errors import ControlError
from perdure.supervise.processes import ProcessRow
from tests.records import NAME as RECORD
from tests.records import first_record

SOURCES = Path(__file__).parents[2] / "src"

DEADLINE_S = 40.0
"""How long anything may take before a test gives up, in seconds: generous, since the machine may be busy."""

T = TypeVar("T")


def eventually(condition: Callable[[], T | None]) -> T:
    """The first true answer of `condition`, asked again and again."""
    until = time.monotonic() + DEADLINE_S
    while not (answer := condition()):
        assert time.monotonic() < until, "the condition never came true"
        time.sleep(0.02)
    return answer


def environment(**settings: object) -> dict[str, str]:
    """The environment of a Perdure process, with no setting but those that are given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PERDURE_")}
    given = {f"PERDURE_{name.upper()}": str(value) for name, value in settings.items()}
    # To read the authorities of the whole web takes each process a tenth of a second, and no test asks anybody there.
    local = {"NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": os.devnull}
    return {**kept, **given, **local, "PYTHONPATH": str(SOURCES), "PYTHONUNBUFFERED": "1"}


def perdure(*arguments: str) -> list[str]:
    """The command line of a `perdure` command."""
    return [sys.executable, "-m", "perdure", *arguments]


def first_line(process: subprocess.Popen[str]) -> str:
    """What the process says first. Fails with its whole output when it ends, or says nothing in time."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(DEADLINE_S), "the process said nothing"
    line = process.stdout.readline()
    assert line, f"the process ended with status {process.wait()}"
    return line


class ScriptedBackend:
    """The scripted model server in a process of its own, on a free port or on one that was its own before."""

    def __init__(self, port: int = 0) -> None:
        command = [sys.executable, "-m", "perdure.models.scripted", "--with-parent", "--port", str(port)]
        self._process = subprocess.Popen(
            command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url = f"http://{first_line(self._process).split()[-1]}/v1"

    def close(self) -> None:
        """End it."""
        with self._process as process:
            process.kill()


class Installation:
    """`perdure serve` on a folder; may be killed and started again, and then keeps its port.

    `settings` are settings by their names. Two workers, as by default. It begins with the record that its first start
    would have made.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.data_dir = folder
        self.url = ""
        self._settings = {"host": "127.0.0.1", "port": 0, "data_dir": folder, "model": "scripted", **settings}
        self._process: subprocess.Popen[str] | None = None
        self._log = folder.with_suffix(".log")

    def start(self) -> None:
        """Start it. Requests may be sent at once: they wait until web is up."""
        self._begin()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                perdure("serve"), env=environment(**self._settings), stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.url = first_line(self._process).split()[3].rstrip("/")
        self._settings["port"] = int(self.url.rpartition(":")[2])

    def _begin(self) -> None:
        if not (self.data_dir / RECORD).exists():
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            first_record(self.data_dir)

    def stop(self) -> int:
        """End it in good order; returns the exit status."""
        assert self._process is not None
        with self._process as process:
            process.terminate()
            status = process.wait(DEADLINE_S)
        self._process = None
        return status

    def kill_everything(self) -> None:
        """SIGKILL for the supervisor and all of its children, as near to one instant as can be."""
        assert self._process is not None
        pids = [row["pid"] for row in self.processes() if row["pid"] is not None]
        with self._process as process:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait(DEADLINE_S)
        self._process = None
        eventually(lambda: not any(_alive(pid) for pid in pids))

    def kill(self, name: str, signum: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to the process called `name`, once there is one; returns its pid."""
        pid = eventually(lambda: self.pid(name))
        os.kill(pid, signum)
        return pid

    def pid(self, name: str) -> int | None:
        """The process that has the name now, if one is up."""
        return next((row["pid"] for row in self.processes() if row["name"] == name and row["state"] == "running"), None)

    def is_whole(self) -> bool:
        """Whether everything runs that it consists of."""
        rows = self.processes()
        return bool(rows) and all(row["state"] == "running" for row in rows)

    def processes(self) -> list[ProcessRow]:
        """What runs; nothing while the supervisor does not answer."""
        try:
            return control.processes(self.data_dir / "run" / "control.sock", timeout_s=5.0)
        except ControlError:
            return []

    def log(self) -> str:
        """What its processes have written."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None:
            self.stop()


class FromNothing(Installation):
    """One that makes its record itself, as everybody's does at the first start."""

    def _begin(self) -> None:
        pass


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def running(installation: Installation) -> Iterator[Installation]:
    """It from its start to its end, for a fixture."""
    installation.start()
    yield installation
    installation.close()
    # Whatever the tests did to it was foreseen: a traceback is a mistake, even one that no client noticed.
    _, traceback, what = installation.log().partition("Traceback")
    assert not traceback, what
