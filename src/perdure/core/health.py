"""How a component stands: what single looks at it found, made into one level that does not flap.

A component is a part of Perdure that can be broken while the others are well. Every look at one gives a `Finding`;
`judge` makes of many of them, over time, what is shown: a level is worse once bad looks have confirmed one another, and
better once good ones have lasted. One that keeps changing has to be well for longer before it is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Level(StrEnum):
    """How well a component works, in Statuspage's words, which its clients know."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded_performance"
    PARTIAL = "partial_outage"
    MAJOR = "major_outage"
    MAINTENANCE = "under_maintenance"

    @property
    def severity(self) -> int:
        """The larger, the worse. Maintenance is planned, and worse than nothing."""
        return _SEVERITY[self]

    @property
    def unwell(self) -> bool:
        """Whether something is broken: maintenance is not."""
        return self not in (Level.OPERATIONAL, Level.MAINTENANCE)


_SEVERITY = {
    Level.OPERATIONAL: 0,
    Level.MAINTENANCE: 1,
    Level.DEGRADED: 2,
    Level.PARTIAL: 3,
    Level.MAJOR: 4,
}


class Cause(StrEnum):
    """What class of thing is wrong, as far as a look can tell. History is kept, and waits are estimated, by these."""

    PROCESS_DIED = "process_died"
    PROCESS_HUNG = "process_hung"
    CRASH_LOOP = "crash_loop"
    MEMORY = "memory"
    STORE_AWAY = "store_away"
    STORE_LOCKED = "store_locked"
    STORE_FULL = "store_full"
    STORE_SLOW = "store_slow"
    BACKEND_AWAY = "backend_away"
    BACKEND_LOADING = "backend_loading"
    BACKEND_DEAF = "backend_deaf"
    BACKEND_FAILING = "backend_failing"
    BACKEND_SLOW = "backend_slow"
    OVERLOAD = "overload"
    NO_ANSWER = "no_answer"
    FAILING = "failing"
    STOPPED = "everything_stopped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look at a component found.

    `certain` is what needs no second look: the kernel has said that a process is dead. `because` is the component that
    this one is unwell for, where the look could tell (a page that cannot read the record): the trouble is that one's.
    """

    level: Level = Level.OPERATIONAL
    cause: Cause | None = None
    evidence: str = ""
    certain: bool = False
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How patient the judgement is, in seconds."""

    worsen_s: float = 0.6
    """Bad looks have to go on for this long before anybody is told. Longer than one lost answer, shorter than a wait
    that a person notices."""
    settle_s: float = 3.0
    """Good looks have to go on for this long before it is believed."""
    longest_settle_s: float = 60.0
    flap_window_s: float = 120.0
    """Each time that it has become unwell again within this time doubles how long it has to be well."""


RULES = Rules()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a component stands, as it is shown. Instants are Unix seconds.

    `finding` is what it is shown for. `looks` are the last ones and the levels that they found, the oldest first.
    `fell_at` are the instants at which it has become unwell: the last one, and those within `flap_window_s` before it.
    """

    level: Level = Level.OPERATIONAL
    since: float = 0.0
    finding: Finding = Finding()
    looks: tuple[tuple[float, Level], ...] = ()
    fell_at: tuple[float, ...] = ()

    @property
    def seen(self) -> Level:
        """What the last look found, whether that is shown or not."""
        return self.looks[-1][1] if self.looks else self.level

    @property
    def recovering(self) -> bool:
        """Whether it is shown as unwell, and was better at the last look."""
        return self.level.unwell and self.seen.severity < self.level.severity


def judge(standing: Standing, finding: Finding, now: float, rules: Rules = RULES) -> Standing:
    """The standing after one more look."""
    patience_s = settle_s(standing, rules)
    looks = _kept(standing.looks, now - max(patience_s, rules.worsen_s))
    looked = replace(standing, looks=(*looks, (now, finding.level)))
    # All of these found at least so much, none of those found more.
    confirmed = _mildest(looked.looks, now - rules.worsen_s)
    lasting = worst(level for at, level in looked.looks if at > now - patience_s)
    if finding.certain and finding.level.severity > standing.level.severity:
        return _moved(looked, finding.level, finding, now, rules)
    if confirmed.severity > standing.level.severity:
        return _moved(looked, confirmed, finding, now, rules)
    if lasting.severity < standing.level.severity:
        return _moved(looked, lasting, finding, now, rules)
    if finding.level is standing.level:
        # The same level for another reason: the newer reason is the truer one.
        return replace(looked, finding=finding)
    return looked


def settle_s(standing: Standing, rules: Rules = RULES) -> float:
    """How long it has to be better before it is shown as better: by how often it has fallen until it fell last."""
    return min(rules.settle_s * 2.0 ** max(0, len(standing.fell_at) - 1), rules.longest_settle_s)


def worst(levels: Iterable[Level]) -> Level:
    """Of several; operational for none."""
    return max(levels, key=_severity, default=Level.OPERATIONAL)


_BEFORE_S = 30.0
"""So old may the look be that says how it was before the others: some come seldom."""


def _kept(looks: tuple[tuple[float, Level], ...], since: float) -> tuple[tuple[float, Level], ...]:
    """Those since then, and the last one before: this is done with every look."""
    before = 0
    while before + 1 < len(looks) and looks[before + 1][0] <= since:
        before += 1
    return looks[before:] if looks and looks[before][0] > since - _BEFORE_S else looks[before + 1 :]


def _mildest(looks: Sequence[tuple[float, Level]], since: float) -> Level:
    """What every look since then has found at least; the last one before it says how it was then."""
    before = [level for at, level in looks if at <= since][-1:]
    after = [level for at, level in looks if at > since]
    # Where nobody had looked before, nothing is confirmed.
    return min((*(before or [Level.OPERATIONAL]), *after), key=_severity)


def _moved(standing: Standing, level: Level, finding: Finding, now: float, rules: Rules) -> Standing:
    fell_at = standing.fell_at
    if level.unwell and not standing.level.unwell:
        fell_at = (*(at for at in fell_at if at > now - rules.flap_window_s), now)
    return Standing(level, now, finding, standing.looks, fell_at)


def _severity(level: Level) -> int:
    return level.severity
