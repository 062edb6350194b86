"""The installation that has the bad day, and what is done to it: each failure is real, and so is its mending."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

from perdure.statuspage.words import instant
from perdure.supervise import control
from tests.bad_day.script import Act, Line
from tests.http.installation import ScriptedBackend, eventually
from tests.process.conversing import Mortal

MAX_TOKENS, INTERVAL_S, SEED = 80, 0.02, 7
"""Of replies, so that each is known beforehand and takes a second or two."""

THAWED_AFTER_S = 0.6
"""With the heartbeat before it, shorter than what counts as silent."""

_HOLD = """
import sqlite3, sys
record = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
record.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""

_NOWHERE = build_opener(ProxyHandler({}))


class Impossible(Exception):
    """This cannot be broken on this machine; the text says why."""


class Stage:
    """A whole Perdure over a scripted model, in `folder`. `begin` and `mend` return when they did, in Unix seconds."""

    def __init__(self, folder: Path) -> None:
        self._model: ScriptedBackend | None = ScriptedBackend()
        self._model_url = self._model.url
        self.installation = Mortal(
            folder / "data",
            backend_url=self._model_url, seed=SEED, max_tokens=MAX_TOKENS, messages_per_minute=0, first_token_s=30,
        )  # fmt: skip
        self._held: subprocess.Popen[str] | None = None
        self._downed: asyncio.Task[None] | None = None
        self._planned = ""

    def start(self) -> None:
        """Start it, and wait until all of it runs."""
        self.installation.start()
        eventually(self.installation.is_whole)

    def close(self) -> None:
        """End all of it, in whatever state it is."""
        self._import_mended()
        self._release()
        self.installation.close()
        if self._model is not None:
            self._model.close()

    async def begin(self, line: Line) -> float:
        """Have it happen. Raises Impossible."""
        if line.act is Act.KEEP_DOWN:
            self._downed = asyncio.create_task(self._keep_down(line.target))
            return time.time()
        return await asyncio.to_thread(self._begin, line.act, line.target)

    async def mend(self, line: Line) -> float:
        """Have it mended."""
        if line.act is Act.KEEP_DOWN and self._downed is not None:
            self._downed.cancel()
        return await asyncio.to_thread(self._mend, line.act, line.target)

    def _begin(self, act: Act, target: str) -> float:
        match act:
            case Act.KILL | Act.FREEZE:
                signum = signal.SIGKILL if act is Act.KILL else signal.SIGSTOP
                self.installation.kill(target, signum)
            case Act.FREEZE_BRIEFLY:
                pid = self.installation.kill(target, signal.SIGSTOP)
                time.sleep(THAWED_AFTER_S)
                os.kill(pid, signal.SIGCONT)
            case Act.MODEL_AWAY:
                assert self._model is not None
                self._model.close()
                self._model = None
            case Act.MODEL_DEAF:
                self._order(stall_after=0)
            case Act.MODEL_FAILS:
                self._order(status=500, retry_after="1")  # or six failures come too soon, and end the reply
            case Act.MODEL_SLOW:
                self._order(interval=4 * INTERVAL_S)
            case Act.LOCK_RECORD:
                self._hold()
            case Act.BREAK_SEARCH:
                self._retitle("BLOB")
            case Act.BREAK_IMPORT:
                self._break_import()
            case Act.MAINTAIN:
                now = time.time()
                planned = {"begins_at": instant(now), "ends_at": instant(now + 3600.0)}
                self._planned = self._act("plan", title="A new card", components=[target], **planned)
            case Act.KILL_EVERYTHING:
                began_at = time.time()
                self.installation.kill_everything()
                self.installation.start()
                return began_at
            case Act.KEEP_DOWN:
                raise AssertionError("it is begun elsewhere")
        return time.time() - (THAWED_AFTER_S if act is Act.FREEZE_BRIEFLY else 0.0)

    def _mend(self, act: Act, target: str) -> float:
        match act:
            case Act.MODEL_AWAY:
                self._model = ScriptedBackend(int(self._model_url.rpartition(":")[2].partition("/")[0]))
            case Act.MODEL_DEAF | Act.MODEL_FAILS | Act.MODEL_SLOW:
                self._order()
            case Act.LOCK_RECORD:
                self._release()
            case Act.BREAK_SEARCH:
                self._retitle("TEXT")
            case Act.BREAK_IMPORT:
                self._import_mended()
            case Act.MAINTAIN:
                self._act("cancel", maintenance=self._planned)
            case Act.KEEP_DOWN:
                control.ask(self._control, f"restart {target}")
            case _:
                raise AssertionError("it mends itself")
        return time.time()

    async def _keep_down(self, name: str) -> None:
        """SIGKILL to a process as soon as there is one."""
        while True:
            pid = await asyncio.to_thread(self._pid, name)
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.05)

    def _pid(self, name: str) -> int | None:
        return next((row["pid"] for row in self.installation.processes() if row["name"] == name), None)

    def _order(self, **script: object) -> None:
        """To the model: answer like this from now on, and otherwise as it does by itself."""
        body = json.dumps({"reset": True, "default": script}).encode()
        request = Request(self._model_url.removesuffix("/v1") + "/control", body, method="POST")
        with _NOWHERE.open(request, timeout=10.0):
            pass

    def _hold(self) -> None:
        command = [sys.executable, "-c", _HOLD, str(self._record)]
        self._held = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._held.stdout is not None
        assert self._held.stdout.readline() == "held\n"

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.communicate()

    def _retitle(self, kind: str) -> None:
        """The newest chat's title is no text, but bytes: whoever folds it, to look for something in it, fails."""
        with closing(sqlite3.connect(self._record, isolation_level=None, timeout=10.0)) as record:
            newest = "(SELECT id FROM chats ORDER BY created_at LIMIT 1)"
            if kind == "BLOB":
                record.execute(f"UPDATE chats SET title = CAST(title AS BLOB) WHERE id = {newest}")
            else:
                record.execute("UPDATE chats SET title = CAST(title AS TEXT) WHERE typeof(title) = 'blob'")

    def _break_import(self) -> None:
        """The folder where uploads wait takes no new file. What root may, the file system itself has to forbid."""
        if os.geteuid() != 0:
            self._run.chmod(0o500)
            return
        done = subprocess.run(["chattr", "+i", self._run], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Impossible(f"nothing can be forbidden to root here ({done.stderr.strip()})")

    def _import_mended(self) -> None:
        if os.geteuid() != 0:
            self._run.chmod(0o700)
        else:
            subprocess.run(["chattr", "-i", self._run], capture_output=True, check=False)

    def _act(self, kind: str, **more: object) -> str:
        """Something that the operator does; returns the id of what was touched."""
        body = json.dumps({"kind": kind, "name": "Ada", **more}).encode()
        url = f"{self.installation.url}/api/v1/operator/acts"
        headers = {"Content-Type": "application/json"}
        with _NOWHERE.open(Request(url, body, headers, method="POST"), timeout=20.0) as answer:
            return str(json.load(answer)["id"])

    @property
    def _control(self) -> Path:
        return self._run / "control.sock"

    @property
    def _run(self) -> Path:
        return self.installation.data_dir / "run"

    @property
    def _record(self) -> Path:
        return self.installation.data_dir / "perdure.db"
