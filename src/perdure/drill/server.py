"""The server that is drilled: one that is started here, on a folder of its own, or one that runs already."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from perdure.drill.processes import kill_all, marked
from perdure.drill.programs import Program, environment
from perdure.supervise import control
from perdure.supervise.errors import ControlError
from perdure.supervise.processes import ProcessRow

STOP_PATIENCE_S = 20.0
FOLLOW_PATIENCE_S = 10.0
"""How long the processes of a killed supervisor may outlive it, in seconds. They need a fraction of one."""

PACE_S = 0.02


class Server:
    """A server that runs, and the list of its processes."""

    own = False

    def __init__(self, data_dir: Path, base_url: str = "") -> None:
        self.data_dir = data_dir
        self.base_url = base_url
        self._rows: list[ProcessRow] = []

    async def rows(self) -> list[ProcessRow]:
        """The processes; while the supervisor does not answer, those it last told of: it starts none meanwhile."""
        with suppress(ControlError):
            self._rows = await control.processes_async(self.data_dir / "run" / "control.sock", timeout_s=0.5)
        return self._rows

    async def pids(self, role: str) -> dict[str, int]:
        """Name and pid of the living processes of a role."""
        rows = await self.rows()
        return {row["name"]: row["pid"] for row in rows if row["role"] == role and row["pid"] is not None}


class OwnServer(Server):
    """`perdure serve` on a free port, and with `scripted` a scripted backend of the drill's own beside it."""

    own = True

    def __init__(
        self, folder: Path, mark: str, options: Sequence[str], secrets: Mapping[str, str], *, scripted: bool
    ) -> None:
        super().__init__(folder / "data")
        # Its people write faster than any, and all at once.
        env = {**environment(mark), "PERDURE_MESSAGES_PER_MINUTE": "0", "PERDURE_MAX_QUEUED": "0", **secrets}
        self._mark = mark
        self._options = list(options)
        self._port = 0
        self._serve = Program(r"Perdure is at (http://[^ /]+)", folder / "serve.log", env, folder)
        self._backend = Program(r"listening on \S+:(\d+)", folder / "backend.log", env, folder)
        self.scripted = scripted
        self._backend_port = 0

    async def start(self) -> None:
        """Start everything. Raises NotStartedError."""
        if self.scripted:
            await self.start_backend()
        await self.start_serve()

    async def start_serve(self) -> None:
        """Start the server: again, and then on the same port."""
        backend = ["--backend-url", f"http://127.0.0.1:{self._backend_port}", "--model", "scripted"]
        self.base_url = await self._serve.start(
            [
                "perdure", "serve", "--port", str(self._port), "--data-dir", str(self.data_dir),
                *self._options, *(backend if self.scripted else []),
            ]
        )  # fmt: skip
        self._port = int(self.base_url.rpartition(":")[2])

    async def start_backend(self) -> None:
        """Start the scripted backend: again, and then on the same port."""
        port = await self._backend.start(["perdure.models.scripted", "--port", str(self._backend_port)])
        self._backend_port = int(port)

    async def reap_backend(self) -> None:
        """The scripted backend was killed: wait until nothing of it is left."""
        await self._backend.kill()

    async def rows(self) -> list[ProcessRow]:
        """The processes, the scripted backend among them: it stands where an embedded model would."""
        rows = [row for row in await super().rows() if row["role"] != "model" or not self.scripted]
        pid = self._backend.pid
        if self.scripted and pid is not None:
            rows.append(
                {
                    "name": "model", "role": "model", "pid": pid, "state": "running", "restarts": 0, "deaths": 0,
                    "since": 0.0, "silent": False, "needs_operator": False, "last_exit": None,
                }
            )  # fmt: skip
        return rows

    async def kill_all(self) -> None:
        """SIGKILL to everything at once, the supervisor first so that it starts nothing again."""
        pids = marked(self._mark)
        first = {self._serve.pid} & pids
        kill_all({pid for pid in first if pid is not None})
        kill_all(pids - first)
        await self._serve.kill()
        await self._backend.kill()
        self._rows = []

    async def kill_supervisor(self) -> set[int]:
        """SIGKILL to the supervisor alone. Returns what did not follow it by itself, and ends that."""
        await self._serve.kill()
        self._rows = []
        left = await self._left(FOLLOW_PATIENCE_S)
        kill_all(left)
        return left

    async def stop(self) -> set[int]:
        """End everything in good order. Returns the processes that were left over, and ends them."""
        await self._serve.stop(STOP_PATIENCE_S)
        left = await self._left(1.0)
        kill_all(left)
        await self._backend.stop(STOP_PATIENCE_S)
        return left

    async def destroy(self) -> None:
        """End everything, in whatever state it is."""
        await self.kill_all()
        await self._left(FOLLOW_PATIENCE_S)

    async def _left(self, patience_s: float) -> set[int]:
        """What still runs of the server, when all of it should end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        while True:
            left = marked(self._mark) - {self._backend.pid}
            if not left or loop.time() > until:
                return {pid for pid in left if pid is not None}
            await asyncio.sleep(PACE_S)


def reuse_weights(models: Path, data_dir: Path) -> None:
    """Give a new data folder the starter weights that are in another, so that they are not fetched for each drill."""
    if not models.is_dir():
        return
    target = data_dir / "models"
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in models.iterdir():
        # Not the lock, and no half a download that somebody else is at.
        if file.is_file() and file.suffix in (".gguf", ".json"):
            try:
                os.link(file, target / file.name)
            except OSError:
                shutil.copy2(file, target / file.name)
