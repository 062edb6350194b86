"""A worker: claims turns, runs an attempt for each, renews its leases, and reaps what dead workers left."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import anyio
from structlog.contextvars import bind_contextvars

from perdure.core.errors import ModelMissing, PerdureError, StoreFull, StoreUnavailable
from perdure.core.lease import HEARTBEAT_S, LEASE_S, grant
from perdure.core.records import DEFAULT_BACKEND
from perdure.core.turn import Claimed, Released, Turn
from perdure.engine import orders, reaper, scene
from perdure.engine.appender import Appender
from perdure.engine.attempt import Attempts, Patience, end
from perdure.engine.backends import active
from perdure.engine.life import apply
from perdure.engine.probes import Gate
from perdure.engine.scene import Part
from perdure.engine.traces import Traces
from perdure.engine.unforeseen import Note
from perdure.ports.bell import Bell, Hint
from perdure.ports.clock import Clock
from perdure.ports.models import ActiveBackend, Backend
from perdure.ports.store import Records, Store
from perdure.ports.tracing import NO_TRACING, Tracing

T = TypeVar("T")

TIDY_EVERY_S = 60.0
TIDY_PAUSE_S = 0.1

STUCK_BEYOND_S = 30.0
"""So much longer than the most patient attempt may be silent, a lease is renewed for an attempt that is lost."""

CLAIM_AT_ONCE = 8
"""Turns that one transaction claims at most: of a crowd that comes at once, each worker takes a share and begins."""


@dataclass(frozen=True, slots=True)
class Identity:
    """`name` is what the list of processes shows; `incarnation` tells this process from earlier ones of the name."""

    name: str
    incarnation: str

    @property
    def owner(self) -> str:
        """What stands in a lease."""
        return f"{self.name}:{self.incarnation}"


class Worker:
    """Runs until `stop` is set, then gives back what it holds."""

    def __init__(
        self,
        identity: Identity,
        store: Store,
        bell: Bell,
        clock: Clock,
        backend: ActiveBackend,
        *,
        patience: Patience,
        note: Note,
        deaths: AsyncIterator[Mapping[str, str]] | None = None,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._identity = identity
        self._store = store
        self._bell = bell
        self._clock = clock
        self._deaths = deaths
        self._backend = backend
        self._backend_id = DEFAULT_BACKEND
        # By turn and fence: a worker that was frozen may claim anew what an attempt of its own still speaks for.
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._turns: dict[tuple[str, int], Turn] = {}
        self._asked: dict[tuple[str, int], Backend] = {}
        self._wake = asyncio.Event()
        self._check = asyncio.Event()
        self._look = asyncio.Event()
        self._chosen = asyncio.Event()
        self._stopping = False
        self._claiming = asyncio.Lock()
        self._gate = Gate(backend, self._wake.set)
        # A silent backend is the attempt's to time; this is for attempts that are lost themselves.
        stuck_s = patience.first_token_s + patience.stall_s + STUCK_BEYOND_S
        self._limits = reaper.Limits(patience.model_s, stuck_s)
        self._traces = Traces(tracing, store, clock, identity.name)
        self._appender = Appender(store, clock, self._drop, self._traces.spoke)
        self._attempts = Attempts(store, clock, self._appender, patience, note)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`, then release every turn, so that others go on with them at once."""
        self._bell.listen(Hint.QUEUED, self._wake.set)
        self._bell.listen(Hint.ENDED, self._check.set)
        self._bell.listen(Hint.BACKEND, self._look.set)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._appender.run)
            tasks.start_soon(self._gate.run)
            tasks.start_soon(self._beat)
            tasks.start_soon(self._tidy)
            tasks.start_soon(self._claim)
            tasks.start_soon(self._watch_mine)
            tasks.start_soon(self._watch_backend)
            if self._deaths is not None:
                tasks.start_soon(self._hear_deaths, self._deaths)
            await stop.wait()
            self._stopping = True
            await self._release()
            tasks.cancel_scope.cancel()

    async def _claim(self) -> None:
        """Take on whatever waits, as long as there is room and a backend to ask."""
        me = self._identity
        dead = await self._patiently(lambda r, now: reaper.bury_predecessors(r, me.name, me.incarnation, now))
        self._traces.ended(dead or ())
        await self._chosen.wait()
        while True:
            await self._wake.wait()
            self._wake.clear()
            # The one that the claim names is the one that is asked, whatever is chosen meanwhile.
            backend, backend_id = self._backend.now, self._backend_id
            writing = sum(asked is backend for asked in self._asked.values())
            room = min(self._backend.capacity - writing, CLAIM_AT_ONCE)
            if not self._gate.open or room <= 0:
                continue
            async with self._claiming:
                take = partial(self._take, room=room, backend=backend.name, backend_id=backend_id)
                claimed = None if self._stopping else await self._patiently(take, brief=True)
                for turn, part in claimed or ():
                    self._turns[_claim_of(turn)] = turn
                    self._asked[_claim_of(turn)] = backend
                    attempt = asyncio.create_task(self._attempt(turn, part, backend), name=f"turn {turn.id}")
                    self._running[_claim_of(turn)] = attempt
            # Web is not rung for that: it looks by itself in a moment, and rung it would be in the first token's way.
            if claimed and len(claimed) == CLAIM_AT_ONCE:
                # Where so many wait there may be more, for this worker and for others.
                self._bell.ring(Hint.QUEUED)
                self._wake.set()

    def _take(
        self, records: Records, now: float, *, room: int, backend: str, backend_id: str
    ) -> list[tuple[Turn, Part | None]]:
        # Read where it is claimed: once an order is given, no worker takes another turn.
        standing = orders.standing(records)
        if standing.hold(backend_id) or standing.is_deaf(backend_id, now):
            return []
        me = self._identity
        claim = Claimed(me.name, backend, grant(me.owner, now))
        claimed = [apply(records, turn, claim, now) for turn in records.turns.queued(now, room)]
        return [(turn, _part(records, turn)) for turn in claimed]

    async def _attempt(self, turn: Turn, part: Part | None, backend: Backend) -> None:
        # Every line that is logged on the way of this attempt says whose it is.
        bind_contextvars(turn=turn.id, attempt=turn.attempt, worker=self._identity.name)
        self._traces.claimed(turn)
        try:
            error = await self._attempts.run(turn, part, backend)
            if error is None:
                self._gate.well(backend)
            elif error.away or isinstance(error, ModelMissing):
                self._gate.shut(backend)
        except (StoreUnavailable, StoreFull):
            # The end could not be written: the turn is given back when the store is well again (`_watch_mine`).
            pass
        finally:
            del self._running[_claim_of(turn)]
            del self._turns[_claim_of(turn)]
            del self._asked[_claim_of(turn)]
            self._wake.set()
            self._traces.over(turn)

    async def _beat(self) -> None:
        """Renew, and reap."""
        loop = asyncio.get_running_loop()
        last_at = -math.inf
        while True:
            began_at = loop.time()
            late = began_at - last_at > LEASE_S
            last_at = began_at
            if late:
                # Just started, or frozen until now, perhaps with everybody: nobody is judged by the time that passed.
                await self._patiently(partial(reaper.resume, patience_s=self._limits.patience_s))
            await self._patiently(self._renew)
            if not late and await self._store_says(partial(reaper.overdue, limits=self._limits)):
                absence = None if self._gate.open else await self._backend.now.absence()
                reap = partial(self._reap, absence=absence)
                self._traces.ended(await self._patiently(reap, durable=True) or ())
                self._bell.ring(Hint.EVENTS)
            self._wake.set()
            self._check.set()
            self._look.set()
            await asyncio.sleep(HEARTBEAT_S)

    def _reap(self, records: Records, now: float, *, absence: PerdureError | None) -> Sequence[Turn]:
        if orders.held(records):
            # What waits because the operator wants it so has not been given up by anybody.
            reaper.resume(records, now, self._limits.patience_s)
        return reaper.reap(records, now, self._limits, absence or orders.deafness(records, now))

    async def _tidy(self) -> None:
        """Now and then, until nothing is left, and so that others come in between."""
        while True:
            more = await self._patiently(reaper.tidy)
            await asyncio.sleep(TIDY_PAUSE_S if more else TIDY_EVERY_S)

    def _renew(self, records: Records, now: float) -> int:
        return records.turns.renew(self._identity.owner, now + LEASE_S)

    async def _watch_mine(self) -> None:
        """Hold what runs here against what the record says is held here.

        An attempt whose turn has ended or gone to somebody else is cancelled: a stop was pressed, or a lease ran out. A
        turn that is held and not run is given back: its end could not be written, and renewal would hold it for ever.
        """
        owner = self._identity.owner
        while True:
            await self._check.wait()
            self._check.clear()
            before = list(self._turns.values())
            try:
                held = await self._store.read(lambda records: records.turns.running_of(owner))
            except (StoreUnavailable, StoreFull):
                continue
            fences = {turn.id: turn.fence for turn in held}
            for turn in before:
                if fences.get(turn.id) != turn.fence:
                    self._drop(turn)
            # While a claim is under way, what it has taken is held and does not run yet.
            stranded = [] if self._claiming.locked() else [turn for turn in held if _claim_of(turn) not in self._turns]
            for turn in stranded:
                await self._give_back(turn)

    async def _watch_backend(self) -> None:
        """Ask whichever backend is active from now on. What is being said is said to its end where it was begun."""
        while True:
            await self._look.wait()
            self._look.clear()
            try:
                chosen = await self._store.read(active)
            except (StoreUnavailable, StoreFull):
                continue
            self._backend_id = DEFAULT_BACKEND if chosen is None else chosen.id
            if self._backend.choose(chosen):
                self._gate.switched()
            self._chosen.set()

    async def _give_back(self, turn: Turn) -> None:
        """Release a turn, so that others go on with it at once; where the store is away, the next check tries again."""
        try:
            await end(self._store, self._clock, turn, Released())
        except (StoreUnavailable, StoreFull):
            return
        self._wake.set()

    async def _hear_deaths(self, deaths: AsyncIterator[Mapping[str, str]]) -> None:
        """The supervisor saw a process end: nobody has to find out by waiting."""
        async for death in deaths:
            if death["role"] == "model":
                # Whoever is asked is looked at anew: a backend that is another one is found well at once.
                self._gate.shut(self._backend.now)
                continue
            owner = Identity(death["name"], death["incarnation"]).owner
            buried = await self._patiently(partial(_bury, owner))
            if buried:
                self._traces.ended(buried)
                self._bell.ring(Hint.EVENTS)
                self._bell.ring(Hint.QUEUED)
            self._wake.set()

    def _drop(self, turn: Turn) -> None:
        """Cancel the attempt at what was claimed as `turn`."""
        task = self._running.get(_claim_of(turn))
        if task is not None:
            task.cancel()

    async def _release(self) -> None:
        # A claim that is under way has to show what it took before that can be given back.
        async with self._claiming:
            held: Sequence[Turn] = list(self._turns.values())
            tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for turn in held:
            await self._give_back(turn)
        await self._traces.settle()

    async def _store_says(self, question: Callable[[Records, float], bool]) -> bool:
        now = self._clock.now()
        try:
            return await self._store.read(lambda records: question(records, now))
        except (StoreUnavailable, StoreFull):
            return False

    async def _patiently(
        self, work: Callable[[Records, float], T], *, durable: bool = False, brief: bool = False
    ) -> T | None:
        """Run `work(records, now)`; where the store is away, None: the next beat tries again."""
        now = self._clock.now()
        try:
            return await self._store.write(lambda records: work(records, now), durable=durable, brief=brief)
        except (StoreUnavailable, StoreFull):
            return None


def _part(records: Records, turn: Turn) -> Part | None:
    """What the turn's attempt needs, read where it was claimed, which saves it a wait of its own.

    None where that fails: the attempt will find out, and be the only one that fails by it.
    """
    try:
        return scene.load(records, turn)
    except Exception:
        return None


def _claim_of(turn: Turn) -> tuple[str, int]:
    return turn.id, turn.fence


def _bury(owner: str, records: Records, now: float) -> Sequence[Turn]:
    return reaper.bury(records, owner, now)
