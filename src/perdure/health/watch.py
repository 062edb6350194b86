"""The health process's work: look at everything, follow what goes on, keep the incidents, and have a report ready."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from perdure.core.errors import StoreFull, StoreUnavailable
from perdure.core.health import Finding
from perdure.core.incidents import Healing, Incident
from perdure.core.queueing import Waits
from perdure.core.report import Queue, StatusReport
from perdure.core.toll import Promised
from perdure.core.traffic import Began, Ended, Moment, Traffic
from perdure.engine import orders
from perdure.health.chronicle import Chronicle
from perdure.health.components import Roster
from perdure.health.counted import Counted
from perdure.health.look import Findings, Look, keep_looking
from perdure.health.looks.processes import ProcessesLook
from perdure.health.standings import Standings
from perdure.health.telling import Telling
from perdure.ports.store import Records, Store

log = structlog.get_logger()

TICK_S = 0.5
FOLLOW_S = 0.5
KEEP_S = 2.0
COUNT_S = 1.0
TOLD_EVERY_S = 10.0
"""What is told grows old by itself: how long a thing may still last changes with how long it has lasted."""
READ_WITHIN_S = 2.0
"""The record may be what is broken: nobody here waits for it for longer."""

MOMENTS = 5000
BEFORE_S = 3600.0
"""How far back the log is read at the start: what was promised before a crash is still promised after it."""

TOLL_BEFORE_S = 5.0
"""What went wrong so shortly before an incident was seen belongs to it."""
TOLL_EVERY_S, TOLL_SELDOM_S = 5.0, 60.0
"""How often its toll is counted while it lasts, the longer the more seldom: there is more and more to be counted."""

PROCESSES = "processes"
"""The name of the look at what the supervisor knows."""


class Watch:
    """All of it over one installation."""

    def __init__(
        self,
        roster: Roster,
        looks: Sequence[Look],
        processes: ProcessesLook,
        store: Store,
        chronicle: Chronicle,
        standings: Standings,
        telling: Telling,
        traffic: Traffic,
        counted: Counted,
        healing: Callable[[], Mapping[str, Healing]],
        now: Callable[[], float],
    ) -> None:
        self._roster = roster
        self._looks = looks
        self._processes = processes
        self._store = store
        self._chronicle = chronicle
        self._standings = standings
        self._telling = telling
        self._traffic = traffic
        self._counted = counted
        self._promised = Promised()
        self._healing = healing
        self._now = now
        self._life = chronicle.life
        self._seq: int | None = None
        self._waits = Waits()
        self.queue = Queue()
        """What waits, and what is being spoken."""
        self._paused = False
        self._tolled_at: dict[str, float] = {}
        self._tolling: dict[str, asyncio.Task[None]] = {}
        self._woken = {look.name: asyncio.Event() for look in looks}
        self._told_at = 0.0
        self._changed = asyncio.Event()
        self.version = 0
        """Grows with every change of what is told."""

    def report(self) -> StatusReport:
        """What is to be told of all this now."""
        return self._telling.report(self._standings.all, self._chronicle, self.queue, paused=self._paused)

    def changed(self) -> None:
        """Something is to be told that was not."""
        self._told_at = self._now()
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, version: int, within_s: float) -> None:
        """Return once what is told is another than that, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.version == version:
                    await self._changed.wait()

    def look_now(self, name: str) -> None:
        """Something was heard that this look will want to see."""
        self._woken[name].set()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until told to stop."""
        self._remember()
        async with asyncio.TaskGroup() as tasks:
            going = [
                *(tasks.create_task(self._look(look)) for look in self._looks),
                *(tasks.create_task(work()) for work in (self._follow, self._tend, self._keep)),
            ]
            await stop.wait()
            for task in going:
                task.cancel()
        await self._chronicle.keep(self._seq or 0, ended=True)

    def _remember(self) -> None:
        """What was unwell when somebody looked last is so until looks say otherwise."""
        for one in self._chronicle.open:
            for component, level in one.components.items():
                finding = Finding(level, one.cause, one.evidence)
                self._standings.remember(component, finding, one.opened_at)

    async def _look(self, look: Look) -> None:
        await keep_looking(look, self._heard, self._standings.haste, self._woken[look.name])

    def _heard(self, look: str, findings: Findings) -> None:
        if look == PROCESSES:
            self._judge_absence()
        if self._standings.heard(look, findings):
            self.changed()
            self._judge()

    def _judge_absence(self) -> None:
        """Once the supervisor is seen: one that is younger than the last look of before means that all had ended."""
        began = self._processes.supervisor_since
        life, self._life = self._life, None
        if life is None or began is None:
            self._life = life if began is None else None
            return
        alive_at, ended = life
        if not ended and began > alive_at:
            self._count_toll(self._chronicle.stopped(alive_at, self._now()))

    def _judge(self) -> None:
        for one in self._chronicle.look(self._standings.relied_upon, self._healing()):
            self.changed()
            self._count_toll(one)

    async def _tend(self) -> None:
        """What time alone changes: incidents that have lasted, tolls, uptime."""
        counted_at = 0.0
        while True:
            await asyncio.sleep(TICK_S)
            now = self._now()
            self._judge()
            if now - self._told_at >= TOLD_EVERY_S:
                self.changed()
            for one in self._chronicle.open:
                wait_s = min(max(TOLL_EVERY_S, one.lasted_s(now) / 4), TOLL_SELDOM_S)
                if now - self._tolled_at.get(one.id, 0.0) >= wait_s:
                    self._count_toll(one)
            if now - counted_at >= COUNT_S:
                counted_at = now
                levels = {one.id: self._telling.level(one, self._standings.all) for one in self._roster.specs}
                self._chronicle.uptime.count(levels, now)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_S)
            if self._seq is not None:
                await self._chronicle.keep(self._seq)

    async def _follow(self) -> None:
        """Read the log as it grows. Where the record is away, later."""
        while True:
            with suppress(StoreUnavailable, StoreFull, TimeoutError):
                async with asyncio.timeout(READ_WITHIN_S):
                    while await self._read_on():
                        pass
            await asyncio.sleep(FOLLOW_S)

    async def _read_on(self) -> bool:
        """Take the next entries; returns whether there are more."""

        def work(records: Records) -> tuple[int, Sequence[Moment], int, bool]:
            seq = records.events.lately(BEFORE_S, 4 * MOMENTS) if self._seq is None else self._seq
            now = self._now()
            paused = orders.standing(records).pause is not None
            return seq, records.traffic.since(seq, MOMENTS), records.turns.count_queued(now, now), paused

        seq, moments, waiting, paused = await self._store.read(work)
        self._seq = moments[-1].seq if moments else seq
        for moment in moments:
            self._take(moment)
        queue = Queue(waiting, len(self._traffic.running), self._waits.estimate())
        self._chronicle.load.stands(self._now(), queue.waiting, queue.running)
        if (queue, paused) != (self.queue, self._paused):
            self.queue, self._paused = queue, paused
            self.changed()
        return len(moments) == MOMENTS

    def _take(self, moment: Moment) -> None:
        is_new = moment.seq > self._chronicle.counted_upto
        came = self._traffic.take(moment)
        self._counted.take(moment, came if isinstance(came, Ended) else None, new=is_new)
        self._promised.take(moment)
        self._waits.take(moment)
        if not is_new:
            return
        self._chronicle.load.take(moment)
        if isinstance(came, Began):
            self._chronicle.load.began(came.at, came.after_s)
        if moment.kind == "turn" and moment.view is not None and not moment.view["attempts"]:
            self._chronicle.uptime.asked(moment.at)

    def _count_toll(self, incident: Incident) -> None:
        """Count beside all else what it has done so far: the record may not answer now."""
        counting = self._tolling.get(incident.id)
        if counting is None or counting.done():
            self._tolled_at[incident.id] = self._now()
            self._tolling[incident.id] = asyncio.create_task(self._toll(incident.id))

    async def _toll(self, incident_id: str) -> None:
        incident = self._chronicle.get(incident_id)
        begun = incident.opened_at - TOLL_BEFORE_S
        told = self._promised.told_since(begun)
        touched = self._promised.touched(begun, incident.resolved_at or self._now())

        def work(records: Records) -> tuple[dict[str, int], int]:
            there = dict(records.traffic.lengths(told))
            # A chat that is gone was erased by whoever had it.
            erased = {
                one: sys.maxsize for one, chat in told.items() if one not in there and not records.chats.taken(chat)
            }
            return {**there, **erased}, records.traffic.people(set(touched.values()))

        try:
            async with asyncio.timeout(READ_WITHIN_S):
                there, people = await self._store.read(work)
        except (StoreUnavailable, StoreFull, TimeoutError):
            return
        incident = self._chronicle.get(incident_id)
        toll = self._promised.toll(begun, incident.resolved_at or self._now(), there, people)
        if toll != incident.toll:
            self._chronicle.put(replace(incident, toll=toll))
            self.changed()
