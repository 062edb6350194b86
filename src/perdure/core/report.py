"""What Perdure says of itself at one instant: the status page, its feeds and its JSON are all made from this.

A report is whole in itself, so that it can be drawn where neither the record nor the watch is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from perdure.core.estimate import Estimate
from perdure.core.health import Level, worst
from perdure.core.incidents import Incident
from perdure.core.queueing import wait

DAYS = 90
"""How many days of uptime are shown."""


class Indicator(StrEnum):
    """How Perdure is as a whole, in Statuspage's words."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class DayUptime:
    """One day of a component: `date` as YYYY-MM-DD in UTC, and the seconds at each level. What is missing to a whole
    day was not watched.
    """

    date: str
    seconds: Mapping[Level, float]

    @property
    def watched_s(self) -> float:
        """How much of the day somebody looked."""
        return sum(self.seconds.values())

    @property
    def share(self) -> float | None:
        """The share of the watched time that it was up, 0 to 1: a partial outage counts as 30 %, as Statuspage has it.
        None where nobody looked.
        """
        if not self.watched_s:
            return None
        lost = self.seconds.get(Level.MAJOR, 0.0) + 0.3 * self.seconds.get(Level.PARTIAL, 0.0)
        return 1.0 - lost / self.watched_s


@dataclass(frozen=True, slots=True)
class Component:
    """A component as it is shown. `group` is the id of the component that it is a part of: a worker of the workers.

    `detail` says what is wrong in a sentence, empty where nothing is. `days` are the last ones, the oldest first, at
    most `DAYS`. What is in `reserve` nobody relies on now: it says nothing of the whole.
    """

    id: str
    name: str
    about: str
    level: Level
    since: float
    detail: str = ""
    group: str | None = None
    days: Sequence[DayUptime] = ()
    reserve: bool = False


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that goes on, and how long it may still last: None is unknown."""

    incident: Incident
    left: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work that is planned. Instants are Unix seconds; `story` is what the operator has said of it, oldest first."""

    id: str
    title: str
    text: str
    components: Sequence[str]
    begins_at: float
    ends_at: float
    created_at: float
    cancelled_at: float | None = None

    def active(self, now: float) -> bool:
        """Whether it is going on."""
        return self.cancelled_at is None and self.begins_at <= now < self.ends_at

    def upcoming(self, now: float) -> bool:
        """Whether it is still to come."""
        return self.cancelled_at is None and now < self.begins_at


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be written; `per_place` is how long a reply waits for each one before it, and itself."""

    waiting: int = 0
    running: int = 0
    per_place: Estimate | None = None

    @property
    def wait(self) -> Estimate | None:
        """How long one more would wait."""
        return wait(self.per_place, self.waiting)


@dataclass(frozen=True, slots=True)
class BusyHour:
    """An hour of the week, 0 being Monday 00:00 in UTC: replies asked for in such an hour on average, over `weeks`."""

    hour: int
    replies: float
    weeks: int


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Everything that is told in public. `made_at` is the instant that it is true of.

    `past` are incidents that are over, the last first, of the last `DAYS` days. `paused` is set while the operator has
    new messages refused.
    """

    made_at: float
    name: str
    url: str | None
    components: Sequence[Component]
    incidents: Sequence[OpenIncident] = ()
    past: Sequence[Incident] = ()
    maintenance: Sequence[Maintenance] = ()
    queue: Queue = field(default_factory=Queue)
    busy: Sequence[BusyHour] = ()
    paused: bool = False

    @property
    def watched_since(self) -> str | None:
        """The first of the days that are shown on which anybody looked, as YYYY-MM-DD in UTC; None where nobody has."""
        return min((day.date for one in self.components for day in one.days if day.watched_s), default=None)

    @property
    def indicator(self) -> Indicator:
        """All of it in a word."""
        levels = {one.id: one.level for one in self.components if one.group is None and not one.reserve}
        if any(levels.get(name) is Level.MAJOR for name in VITAL):
            return Indicator.CRITICAL
        whole = worst(levels.values())
        if whole in (Level.MAJOR, Level.PARTIAL):
            return Indicator.MAJOR
        if whole is Level.DEGRADED or self.incidents:
            return Indicator.MINOR
        return Indicator.MAINTENANCE if whole is Level.MAINTENANCE else Indicator.NONE


VITAL = ("web", "workers", "store")
"""Components without which nobody can do anything."""
