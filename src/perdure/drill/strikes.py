"""Carry out a strike: find the victim, signal it, bring back what nobody else brings back."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from perdure.drill.conversation import Conversation
from perdure.drill.plan import Kind, Strike
from perdure.drill.processes import Target
from perdure.drill.server import OwnServer, Server
from perdure.drill.watch import Source, Watch

PATIENCE_S = 30.0
"""How long a victim may be away before it can be struck, in seconds."""

WINDOW_S, MOST_IN_WINDOW = 60.0, 6
"""The supervisor rightly gives a child a rest that dies more often than eight times a minute. This stays below."""

BACKEND_AWAY_S = 0.3
"""How long a killed scripted backend is away, in seconds."""

SUPERVISOR_LATER_S = 0.3
"""A revived worker is alone with its lost lease for so long, in seconds, before the supervisor wakes."""

PACE_S = 0.02


@dataclass(slots=True)
class Blow:
    """A strike as it was carried out. `at_s` is in seconds since the drill began."""

    strike: Strike
    victim: str
    pid: int | None
    at_s: float
    watches: Sequence[Watch]
    zombie: bool = False
    """A worker came back to life when somebody else had its turn."""
    left_over: set[int] = field(default_factory=set)
    """Processes that should have ended with their supervisor."""


class VictimlessError(Exception):
    """There was nobody to strike for longer than anyone should be away."""


class Striker:
    """Strikes one server. `down` is set while nothing can listen because of a strike: refusals are right then."""

    def __init__(self, server: Server, conversations: Sequence[Conversation]) -> None:
        self.down = False
        self._server = server
        self._conversations = conversations
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()
        self._frozen: set[asyncio.Task[None]] = set()
        self._struck_at: dict[str, deque[float]] = defaultdict(deque)

    async def rest(self, kind: Kind) -> None:
        """Wait until somebody of the role has not been struck too often lately, and lives."""
        await self._victims(kind.role)

    async def carry_out(self, strike: Strike) -> Blow:
        """Strike. Returns when the signals are sent, or, where the whole server was killed, when it runs again.

        Raises NotStartedError where it does not, VictimlessError where there is nobody to strike.
        """
        await asyncio.sleep(strike.delay_s)
        if strike.kind.restarts_server:
            return await self._end_server(strike)
        name, pid = self._choose(strike, await self._victims(strike.kind.role))
        try:
            target = Target(pid)
        except ProcessLookupError:
            return self._blow(strike, name, None, [])
        self._struck_at[name].append(self._loop.time())
        blow = self._blow(strike, name, pid, self._watch(strike, name))
        if strike.kind.freezes:
            await self._freeze(blow, target)
        else:
            with target:
                target.send(signal.SIGKILL)
            if strike.kind is Kind.KILL_MODEL and isinstance(self._server, OwnServer) and self._server.scripted:
                await self._server.reap_backend()
                await asyncio.sleep(BACKEND_AWAY_S)
                await self._server.start_backend()
        return blow

    async def calm(self) -> None:
        """Wait until nothing is frozen any more."""
        if self._frozen:
            await asyncio.wait(self._frozen)

    async def _victims(self, role: str) -> dict[str, int]:
        until = self._loop.time() + PATIENCE_S + WINDOW_S
        while True:
            victims = await self._server.pids(role)
            rested = {name: pid for name, pid in victims.items() if self._rested(name)}
            if rested:
                return rested
            if self._loop.time() > until:
                raise VictimlessError(f"no {role} was there to be struck")
            await asyncio.sleep(PACE_S)

    def _rested(self, name: str) -> bool:
        struck_at = self._struck_at[name]
        while struck_at and struck_at[0] < self._loop.time() - WINDOW_S:
            struck_at.popleft()
        return len(struck_at) < MOST_IN_WINDOW

    def _choose(self, strike: Strike, victims: dict[str, int]) -> tuple[str, int]:
        """The worker that holds the conversation's turn, or anyone of the role."""
        work = self._conversations[strike.conversation].at_work()
        if work is not None and work[1] is not None and work[1]["worker"] in victims:
            name = work[1]["worker"]
        else:
            name = sorted(victims)[int(strike.pick * len(victims))]
        return name, victims[name]

    def _watch(self, strike: Strike, victim: str) -> list[Watch]:
        """Tell every conversation of the strike, and watch those that it touches."""
        watches: list[Watch] = []
        source = Source.CONNECTION if strike.kind.role == "web" else Source.ATTEMPT
        for conversation in self._conversations:
            work = conversation.at_work()
            watch = None
            if work is not None and _touches(strike.kind, victim, work[1]["worker"] if work[1] else None):
                now = self._loop.time()
                watch = Watch(strike.n, conversation.n, work[0], source, conversation.attempts(), now)
                watches.append(watch)
            conversation.struck(watch)
        return watches

    async def _freeze(self, blow: Blow, target: Target) -> None:
        """SIGSTOP now, SIGCONT later; meanwhile the drill goes on."""
        supervisor: Target | None = None
        if blow.strike.kind is Kind.REVIVE_WORKER:
            pids = await self._server.pids("supervisor")
            with suppress(ProcessLookupError):
                supervisor = Target(pids["supervisor"])
                supervisor.send(signal.SIGSTOP)
        target.send(signal.SIGSTOP)
        task = asyncio.create_task(self._thaw(blow, target, supervisor))
        self._frozen.add(task)
        task.add_done_callback(self._frozen.discard)

    async def _thaw(self, blow: Blow, target: Target, supervisor: Target | None) -> None:
        try:
            await asyncio.sleep(blow.strike.freeze_s)
        finally:
            # Also when the drill is cancelled: nothing stays frozen.
            with target:
                heard = target.send(signal.SIGCONT)
            if heard:
                blow.zombie = blow.strike.kind.role == "worker" and any(watch.taken_over for watch in blow.watches)
                for watch in blow.watches:
                    watch.thawed()
            if supervisor is not None:
                with supervisor:
                    try:
                        await asyncio.sleep(SUPERVISOR_LATER_S)
                    finally:
                        supervisor.send(signal.SIGCONT)

    async def _end_server(self, strike: Strike) -> Blow:
        assert isinstance(self._server, OwnServer)
        pids = await self._server.pids("supervisor")
        self.down = True
        blow = self._blow(strike, "supervisor", pids.get("supervisor"), self._watch(strike, "supervisor"))
        if strike.kind is Kind.KILL_ALL:
            await self._server.kill_all()
            if self._server.scripted:
                await self._server.start_backend()
        else:
            blow.left_over = await self._server.kill_supervisor()
        await self._server.start_serve()
        self.down = False
        self._struck_at.clear()
        return blow

    def _blow(self, strike: Strike, victim: str, pid: int | None, watches: Sequence[Watch]) -> Blow:
        return Blow(strike, victim, pid, round(self._loop.time() - self._began_at, 3), watches)


def _touches(kind: Kind, victim: str, worker: str | None) -> bool:
    """Whether a conversation whose turn `worker` has is interrupted by the strike."""
    if kind.role == "worker":
        return worker == victim
    # A turn that nobody is at yet waits for a model, but has not lost one.
    return kind.role != "model" or worker is not None
