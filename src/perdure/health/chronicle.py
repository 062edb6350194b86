"""The incidents and what goes with them: their tolls, how long they may last, what was planned; kept in the ledger."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from perdure.core.estimate import Estimate, Past, remaining
from perdure.core.health import Cause, Standing
from perdure.core.incidents import Entry, Healing, Incident, Stage, advance, incident_id
from perdure.core.load import COARSE_S, KEEP_S, MINUTE_S, Load
from perdure.core.report import DAYS, DayUptime, Maintenance
from perdure.core.uptime import Uptime, date_of
from perdure.health.ledger import Ledger, Shown

log = structlog.get_logger()

DAY_S = 24 * 3600.0
SHOWN_EVERY_S = 10.0
"""How often an estimate is written down while it is shown: it changes with every second."""


class Chronicle:
    """Everything that happened in the last `DAYS` days, in memory and, a little later, in the ledger.

    Where the ledger cannot be written, the day goes on without it, and it is caught up with afterwards.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], float], escalate_after_s: float) -> None:
        self._ledger = ledger
        self._now = now
        self._escalate_after_s = escalate_after_s
        self._unkept: dict[str, Incident] = {}
        self._shown: dict[str, tuple[float, Estimate]] = {}
        self._unkept_shown: list[Shown] = []
        self._unkept_plans: dict[str, Maintenance] = {}
        self._ill = False
        since = now() - DAYS * DAY_S
        self.incidents: list[Incident] = ledger.incidents(since)
        self.maintenance: list[Maintenance] = ledger.maintenance(since)
        self._days = {name: {day.date: day for day in days} for name, days in ledger.days(date_of(since)).items()}
        self.hours = {hour: (replies, watched_s) for hour, replies, watched_s in ledger.hours(int(since // 3600))}
        self.uptime = Uptime()
        self.load = Load({one.at: one for one in ledger.samples(MINUTE_S, now() - KEEP_S)})
        life = ledger.life()
        self.life = None if life is None else life[:2]
        """When somebody looked last before this process, and whether they ended in good order."""
        self.counted_upto = 0 if life is None else life[2]
        """How far the log had been read then."""

    @property
    def open(self) -> Sequence[Incident]:
        """The incidents that go on."""
        return [one for one in self.incidents if one.open]

    def maintained(self) -> set[str]:
        """The components under maintenance now."""
        now = self._now()
        return {component for one in self.maintenance if one.active(now) for component in one.components}

    def look(self, standings: Mapping[str, Standing], healing: Mapping[str, Healing]) -> Sequence[Incident]:
        """Bring the incidents up to how everything stands; returns those that have changed."""
        now = self._now()
        known = {one.id: one for one in self.incidents}
        self.incidents = advance(self.incidents, standings, healing, now, self._escalate_after_s)
        changed = [one for one in self.incidents if known.get(one.id) is not one and known.get(one.id) != one]
        for one in changed:
            if one.id not in known:
                log.warning("an incident has begun", incident=one.id, what=one.headline, evidence=one.evidence)
            elif not one.open and known[one.id].open:
                log.info("an incident is over", incident=one.id, what=one.headline, after_s=round(one.lasted_s(now), 1))
            self._unkept[one.id] = one
        return changed

    def get(self, incident_id: str) -> Incident:
        """The incident with that id; it has to be there."""
        return next(one for one in self.incidents if one.id == incident_id)

    def put(self, incident: Incident) -> None:
        """An incident, as it is now: in the place of what was known of it."""
        others = [one for one in self.incidents if one.id != incident.id]
        self.incidents = sorted((*others, incident), key=lambda one: one.opened_at)
        self._unkept[incident.id] = incident

    def plan(self, one: Maintenance) -> None:
        """Work that is planned, as it is now."""
        others = [other for other in self.maintenance if other.id != one.id]
        self.maintenance = sorted((*others, one), key=lambda other: other.ends_at)
        self._unkept_plans[one.id] = one

    def stopped(self, since: float, until: float) -> Incident:
        """Everything was dead for a while, and nobody was there to note it: an incident that is over."""
        found = Entry(since, Stage.DETECTED, "Everything ended at once, without having been told to.")
        over = Entry(until, Stage.RESOLVED, "Perdure has been started again.")
        one = Incident(incident_id("perdure", since), "perdure", Cause.STOPPED, since, Stage.RESOLVED)
        one = replace(one, evidence=found.text, story=(found, over), resolved_at=until)
        self.put(one)
        return one

    def estimate(self, incident: Incident) -> Estimate | None:
        """How long an incident may still last, from those of the same cause before it; noted down as shown."""
        now = self._now()
        same = [one for one in self.incidents if one.cause is incident.cause and one.merged_into is None]
        past = [Past(one.lasted_s(now), not one.open) for one in same if one.id != incident.id]
        left = remaining(past, incident.lasted_s(now))
        before = self._shown.get(incident.id)
        if left is not None and (before is None or now - before[0] >= SHOWN_EVERY_S):
            self._shown[incident.id] = now, left
            self._unkept_shown.append((incident.id, now, left))
        return left

    async def keep(self, seq: int, *, ended: bool = False) -> None:
        """Write down whatever is not, in a thread. A failure is told once, and tried again at the next call."""
        incidents, shown = list(self._unkept.values()), list(self._unkept_shown)
        plans = list(self._unkept_plans.values())
        uptime, now = self.uptime.taken(), self._now()
        self.load.tidy(now)
        minutes, self.load.changed = self.load.changed, set()
        samples = [self.load.samples[at] for at in minutes if at in self.load.samples]
        coarse = self.load.coarse(minutes)

        def write() -> None:
            with self._ledger.transaction():
                self._ledger.keep_incidents(incidents)
                for plan in plans:
                    self._ledger.keep_maintenance(plan)
                self._ledger.keep_shown(shown)
                self._ledger.keep_uptime(uptime)
                self._ledger.keep_samples(MINUTE_S, samples)
                self._ledger.keep_samples(COARSE_S, coarse)
                self._ledger.live(now, seq, ended=ended)

        try:
            await asyncio.to_thread(write)
        except sqlite3.Error as error:
            self.uptime.give_back(uptime)
            self.load.changed |= minutes
            if not self._ill:
                log.error("what happens cannot be written down", reason=str(error))
            self._ill = True
            return
        self._ill = False
        self._add(uptime)
        for one in incidents:
            if self._unkept.get(one.id) is one:
                del self._unkept[one.id]
        for plan in plans:
            if self._unkept_plans.get(plan.id) is plan:
                del self._unkept_plans[plan.id]
        del self._unkept_shown[: len(shown)]

    def days(self, component: str) -> Sequence[DayUptime]:
        """The last `DAYS` days of a component, the oldest first."""
        since = date_of(self._now() - DAYS * DAY_S)
        return [day for date, day in sorted(self._days.get(component, {}).items()) if date > since]

    def _add(self, more: Uptime) -> None:
        """What has been written down is known here too."""
        for date, seconds in more.seconds.items():
            for (component, level), span_s in seconds.items():
                days = self._days.setdefault(component, {})
                known = days[date].seconds if date in days else {}
                days[date] = DayUptime(date, {**known, level: known.get(level, 0.0) + span_s})
        for hour in {*more.watched, *more.replies}:
            replies, watched_s = self.hours.get(hour, (0, 0.0))
            self.hours[hour] = replies + more.replies.get(hour, 0), watched_s + more.watched.get(hour, 0.0)
