"""The supervisor: one process that starts all the others, watches over them and ends last.

It does little, so that there is little in it to break: no requests, no store. What it knows about a child
is whether its process lives (the kernel says so at once) and whether its event loop turns (its heartbeat).
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from random import random

from perdure.supervise.children import ChildSpec
from perdure.supervise.control import ControlSocket
from perdure.supervise.errors import SuperviseError
from perdure.supervise.keeper import Keeper, Outside
from perdure.supervise.lock import sole_supervisor
from perdure.supervise.policy import RestartPolicy
from perdure.supervise.processes import ProcessRow
from perdure.supervise.pulse import LATE_S
from perdure.supervise.stand_in import StandIn

TICK_S = 0.25
AFTER_S = 10.0
"""How long a child is waited for that another one is to be started after."""
_REAP_PATIENCE_S = 5.0
"""After SIGKILL a process ends as soon as the kernel lets it; one stuck in a dead disk's I/O never does."""

log = logging.getLogger(__name__)


class Supervisor:
    """Runs the children of ``specs`` until it is told to stop.

    ``control_path`` is the control socket, in a folder of its own inside the data folder; the lock that
    keeps a second supervisor away lies beside it. ``stand_in`` answers for a child that is away for long.
    ``run`` belongs in the main thread and takes over SIGTERM, SIGINT, SIGHUP and SIGCHLD.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        control_path: Path,
        *,
        stand_in: StandIn | None = None,
        policy: RestartPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        date: Callable[[], float] = time.time,
        random: Callable[[], float] = random,
    ) -> None:
        names = [spec.name for spec in specs]
        if len(set(names)) != len(names):
            raise ValueError(f"Children share a name: {names}")
        self._specs = specs
        self._control_path = control_path
        self._stand_in = stand_in
        self._policy = policy or RestartPolicy()
        self._outside = Outside(clock, date, random)
        self._keepers: dict[str, Keeper] = {}
        self._stopping = False
        self._stop_asked = asyncio.Event()
        self._killed_by: int | None = None
        self._since = date()

    async def run(self, begun: Callable[[], None] = lambda: None) -> int:
        """Keep the children running; returns the exit status of this process.

        ``begun`` is called once the data folder is this supervisor's, before anything is started; what it raises ends
        the run.

        0: told to stop, and everything has ended. 128 + signal: told twice, so everything was killed.
        1: a process could not be ended.

        Raises SuperviseError before anything is started when another supervisor has this data folder, or when
        the control socket cannot be made.
        """
        with sole_supervisor(self._control_path.parent / "supervisor.lock"):
            control = ControlSocket(self._control_path, self._answer)
            await control.open()
            self._since = self._outside.date()
            self._keepers = {
                spec.name: Keeper(spec, self._policy, self._outside, self._broadcast) for spec in self._specs
            }
            try:
                with self._signals():
                    begun()
                    self._start_next(self._outside.clock() + AFTER_S)
                    return await self._watch_until_stopped()
            finally:
                for keeper in self._keepers.values():
                    keeper.kill()
                await control.close()

    def request_stop(self) -> None:
        """Do what SIGTERM does."""
        self._stop_asked.set()

    def processes(self) -> list[ProcessRow]:
        """List what runs, this process first."""
        itself: ProcessRow = {
            "name": "supervisor",
            "role": "supervisor",
            "pid": os.getpid(),
            "state": "stopping" if self._stopping else "running",
            "restarts": 0,
            "deaths": 0,
            "since": self._since,
            "silent": False,
            "needs_operator": False,
            "last_exit": None,
        }
        return [itself, *(keeper.row() for keeper in self._keepers.values())]

    async def _watch_until_stopped(self) -> int:
        watch = asyncio.create_task(self._watch())
        asked = asyncio.create_task(self._stop_asked.wait())
        try:
            # The watch never ends by itself; if it fails, the supervisor must end with it, not run on blind.
            await asyncio.wait((watch, asked), return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()
            return await self._stop()
        finally:
            watch.cancel()
            asked.cancel()

    async def _watch(self) -> None:
        clock = self._outside.clock
        until = clock() + AFTER_S
        while True:
            due_at = clock() + TICK_S
            await asyncio.sleep(TICK_S)
            now = clock()
            late_s = now - due_at
            if late_s > LATE_S:
                log.info("The supervisor was away for %.1f s; every child gets a fresh period", late_s)
            if not self._control_path.parent.is_dir():
                log.error("The data folder is gone; there is nothing left to serve")
                self.request_stop()
            for keeper in self._keepers.values():
                if late_s > LATE_S:
                    keeper.pardon(now)
                keeper.check(now)
            self._start_next(until)
            await self._stand_in_for_web(now)

    def _start_next(self, until: float) -> None:
        """Start whatever nobody has to be waited for, or has been waited for until then."""
        for keeper in self._keepers.values():
            first = self._keepers.get(keeper.spec.after or "")
            if not keeper.begun and (first is None or first.was_ready or self._outside.clock() >= until):
                keeper.start()

    async def _stand_in_for_web(self, now: float) -> None:
        """Answer in the place of a child that has been away for long; let it answer once it is there."""
        if self._stand_in is None:
            return
        since = self._keepers[self._stand_in.child].away_since()
        if since is None:
            self._stand_in.end()
        elif now - since >= self._stand_in.after_s:
            await self._stand_in.begin()

    async def _stop(self) -> int:
        self._stopping = True
        if self._stand_in is not None:
            self._stand_in.end()
        keepers = sorted(self._keepers.values(), key=lambda keeper: keeper.spec.stop_order)
        for keeper in keepers:
            keeper.retire()
        for _, together in groupby(keepers, key=lambda keeper: keeper.spec.stop_order):
            group = list(together)
            for keeper in group:
                keeper.stop()
            patience_s = max(keeper.spec.stop_grace_s for keeper in group) + _REAP_PATIENCE_S
            await self._wait_until_gone(group, patience_s)
        left = [keeper.spec.name for keeper in keepers if not keeper.gone.is_set()]
        if left:
            log.error("These could not be ended, not even by SIGKILL: %s", ", ".join(left))
            return 1
        return 0 if self._killed_by is None else 128 + self._killed_by

    async def _wait_until_gone(self, keepers: Sequence[Keeper], patience_s: float) -> None:
        waits = [asyncio.create_task(keeper.gone.wait()) for keeper in keepers]
        _, late = await asyncio.wait(waits, timeout=patience_s)
        for wait in late:
            wait.cancel()

    def _broadcast(self, notice: Mapping[str, object]) -> None:
        for keeper in self._keepers.values():
            keeper.tell(notice)

    async def _answer(self, request: str) -> object:
        match request.split():
            case ["processes"]:
                return self.processes()
            case ["restart", name] if name in self._keepers and not self._stopping:
                log.info("%s is restarted on request", name)
                self._keepers[name].restart()
                return {"restarting": name}
            case ["restart", _] if self._stopping:
                return {"error": "Perdure is stopping.", "remedy": "Start it again with perdure serve."}
            case ["restart", name]:
                known = ", ".join(self._keepers)
                return {"error": f"There is no child {name}.", "remedy": f"Choose one of: {known}."}
            case _:
                return {"error": "The request is unknown.", "remedy": "Ask for processes, or restart NAME."}

    def _on_signal(self, signum: int) -> None:
        name = signal.Signals(signum).name
        if not self._stop_asked.is_set():
            log.info("%s: stopping; once more kills at once", name)
            self.request_stop()
            return
        log.warning("%s again: killing everything", name)
        self._killed_by = signum
        for keeper in self._keepers.values():
            keeper.kill()

    def _on_child_signal(self) -> None:
        """Reaps where there is no pidfd to watch; elsewhere it comes too late to find anything."""
        for keeper in self._keepers.values():
            keeper.reap()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        wanted = [signal.SIGTERM, signal.SIGINT]
        # Under nohup the end of the terminal is no reason to stop.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            wanted.append(signal.SIGHUP)
        try:
            for signum in wanted:
                loop.add_signal_handler(signum, self._on_signal, signum)
            # Also replaces an inherited "ignore", under which the kernel would reap children unseen.
            loop.add_signal_handler(signal.SIGCHLD, self._on_child_signal)
        except RuntimeError as error:
            raise SuperviseError("The supervisor must have the main thread.", "Call run() there.") from error
        try:
            yield
        finally:
            for signum in (*wanted, signal.SIGCHLD):
                loop.remove_signal_handler(signum)
