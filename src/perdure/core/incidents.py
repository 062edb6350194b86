"""What happened: unwell components, made into incidents that open and close by themselves. One cause, one incident.

`advance` looks at how all components stand and says how the incidents stand after that. A component may be unwell
because another one is: both belong to the incident of that other one, the root, also where the root is found out later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from perdure.core.health import Cause, Level, Standing, worst

ESCALATE_AFTER_S = 3600.0
"""An incident that has lasted for this long needs the operator, by default."""

DEPENDS: Mapping[str, tuple[str, ...]] = {
    "web": ("store",),
    "search": ("store",),
    "import": ("store",),
}
"""What a component cannot work without: where that is unwell too, a vague failure is that one's."""


class Stage(StrEnum):
    """How far an incident has come."""

    DETECTED = "detected"
    IDENTIFIED = "identified"
    RECOVERING = "recovering"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an incident's story. `by` is who wrote it; None for Perdure itself."""

    at: float
    stage: Stage
    text: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Toll:
    """What an incident has done to people, counted from the record: turns that were interrupted or had to wait, the
    chats they are in, turns that were given up, and messages that are there no more (promise 1 says none). `people` are
    those in the chats, as far as they can be told apart: by whom they write as.
    """

    turns: int = 0
    chats: int = 0
    failed: int = 0
    lost: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that is broken, or was. Instants are Unix seconds.

    `components` are the worst levels so far of all that were touched. `toll` is None until it could be counted.
    `merged_into` is set where it turned out to be the same as another one.
    """

    id: str
    root: str
    cause: Cause | None
    opened_at: float
    stage: Stage = Stage.DETECTED
    evidence: str = ""
    components: Mapping[str, Level] = field(default_factory=dict)
    story: tuple[Entry, ...] = ()
    needs_operator: bool = False
    resolved_at: float | None = None
    toll: Toll | None = None
    merged_into: str | None = None
    title: str | None = None

    @property
    def open(self) -> bool:
        """Whether it still goes on."""
        return self.resolved_at is None

    @property
    def impact(self) -> Level:
        """The worst that it has done to any component."""
        return worst(self.components.values())

    @property
    def headline(self) -> str:
        """What it is, in a few words: the operator's, where there is one."""
        return self.title or _HEADLINES.get(self.cause, "{root} is not well").format(root=self.root)

    def lasted_s(self, now: float) -> float:
        """How long it has lasted, or did."""
        return (now if self.resolved_at is None else self.resolved_at) - self.opened_at


@dataclass(frozen=True, slots=True)
class Healing:
    """What is being done about a component by itself, in a sentence; `exhausted` where that has not helped so far."""

    text: str
    exhausted: bool = False


def advance(
    incidents: Sequence[Incident],
    standings: Mapping[str, Standing],
    healing: Mapping[str, Healing],
    now: float,
    escalate_after_s: float = ESCALATE_AFTER_S,
) -> list[Incident]:
    """The incidents after a look at all components: those that were given, changed where they have, and new ones.

    `standings` has every component's; `healing` what is being done about which.
    """
    after = {one.id: one for one in incidents}
    concerned: dict[str, set[str]] = {}
    for root, members in _groups(standings).items():
        mine = [one for one in after.values() if one.open and _explained(one, root, members, standings)]
        kept, *same = mine or [_opened(root, now)]
        for one in same:
            kept, after[one.id] = merged(kept, one, now)
        after[kept.id] = _found(kept, root, members, standings, now)
        concerned.setdefault(kept.id, set()).update(members)
    for one in list(after.values()):
        if one.open:
            ailing = {name: standings[name] for name in concerned.get(one.id, ())}
            after[one.id] = _moved_on(one, ailing, healing.get(one.root), now, escalate_after_s)
    return list(after.values())


def incident_id(root: str, opened_at: float) -> str:
    """The id of an incident: the same for whoever computes it."""
    return hashlib.sha256(f"{root} {opened_at!r}".encode()).hexdigest()[:12]


def told(incident: Incident, at: float, stage: Stage, text: str, by: str | None = None) -> Incident:
    """The incident with one more line in its story. The same line again says nothing."""
    last = incident.story[-1] if incident.story else None
    if last is not None and (last.stage, last.text, last.by) == (stage, text, by):
        return incident
    return replace(incident, stage=stage, story=(*incident.story, Entry(at, stage, text, by)))


def merged(kept: Incident, gone: Incident, now: float, by: str | None = None) -> tuple[Incident, Incident]:
    """Two that turned out to be one: the story of both in the one that is kept, and the other one closed."""
    whole = replace(
        kept,
        opened_at=min(kept.opened_at, gone.opened_at),
        components=_worse_of(kept.components, gone.components),
        story=tuple(sorted((*kept.story, *gone.story), key=lambda entry: entry.at)),
        needs_operator=kept.needs_operator or gone.needs_operator,
    )
    closed = replace(gone, stage=Stage.RESOLVED, resolved_at=now, merged_into=kept.id)
    return told(whole, now, whole.stage, f"“{gone.headline}” belongs to this.", by), closed


def root_of(component: str, standings: Mapping[str, Standing]) -> str:
    """The component that this one is unwell for: itself, where no other one explains it."""
    finding = standings[component].finding
    if finding.certain or standings[component].recovering:
        # What works again, and is only shown as unwell still, cannot be unwell for what has fallen since.
        return component
    for other in (finding.because, *DEPENDS.get(component, ())):
        if other is not None and other != component and other in standings and _ailing(standings[other]):
            return other
    return component


def _groups(standings: Mapping[str, Standing]) -> dict[str, set[str]]:
    """All unwell components, by their roots."""
    groups: dict[str, set[str]] = {}
    for component, standing in standings.items():
        if standing.level.unwell:
            groups.setdefault(root_of(component, standings), set()).add(component)
    return groups


def _ailing(standing: Standing) -> bool:
    """Unwell, or about to be shown as that."""
    return standing.level.unwell or standing.seen.unwell


def _explained(incident: Incident, root: str, members: set[str], standings: Mapping[str, Standing]) -> bool:
    """Whether this trouble belongs to the incident: its root is among it, or it is what that has left behind."""
    left_behind = root in incident.components and not standings[root].finding.certain
    return incident.root == root or incident.root in members or left_behind


def _opened(root: str, now: float) -> Incident:
    return Incident(incident_id(root, now), root, None, now)


def _found(incident: Incident, root: str, members: set[str], standings: Mapping[str, Standing], now: float) -> Incident:
    """The incident with what is known now: its root and cause, and the components that it touches."""
    levels = {name: standings[name].level for name in members}
    incident = replace(incident, components=_worse_of(incident.components, levels))
    if root != incident.root and root in incident.components and incident.root not in members:
        return incident
    finding = standings[root].finding
    cause, evidence = finding.cause or incident.cause, finding.evidence or incident.evidence
    found = replace(incident, root=root, cause=cause, evidence=evidence)
    if not found.story:
        found = told(found, now, Stage.DETECTED, f"{found.headline}.")
    if cause is not None and (cause, root) != (incident.cause, incident.root):
        found = told(found, now, Stage.IDENTIFIED, evidence or f"{found.headline}.")
    return found


def _moved_on(
    incident: Incident, ailing: Mapping[str, Standing], healing: Healing | None, now: float, escalate_after_s: float
) -> Incident:
    """One tick of an open incident: `ailing` are those of its components that are not well yet."""
    if not ailing:
        return replace(told(incident, now, Stage.RESOLVED, "Everything works again."), resolved_at=now)
    if all(standing.recovering for standing in ailing.values()):
        incident = told(incident, now, Stage.MONITORING, "It works again, and is watched for a moment.")
    elif healing is not None:
        incident = told(incident, now, Stage.RECOVERING, healing.text)
    elif incident.stage is Stage.MONITORING:
        incident = told(incident, now, Stage.IDENTIFIED, "It has not lasted.")
    lasts_long = now - incident.opened_at >= escalate_after_s
    if not incident.needs_operator and (lasts_long or (healing is not None and healing.exhausted)):
        why = "It has lasted too long to mend itself" if lasts_long else "Starting it again has not helped so far"
        incident = replace(incident, needs_operator=True)
        incident = told(incident, now, incident.stage, f"{why}: it needs the operator. Trying goes on.")
    return incident


def _worse_of(one: Mapping[str, Level], other: Mapping[str, Level]) -> dict[str, Level]:
    return {name: worst(each[name] for each in (one, other) if name in each) for name in {**one, **other}}


_HEADLINES: Mapping[Cause | None, str] = {
    None: "{root} is not well",
    Cause.PROCESS_DIED: "{root} ended unexpectedly",
    Cause.PROCESS_HUNG: "{root} stopped responding",
    Cause.CRASH_LOOP: "{root} keeps ending as soon as it starts",
    Cause.MEMORY: "{root} took too much memory",
    Cause.STORE_AWAY: "The record cannot be reached",
    Cause.STORE_LOCKED: "The record is locked",
    Cause.STORE_FULL: "The disk is full",
    Cause.STORE_SLOW: "The record is slow",
    Cause.BACKEND_AWAY: "The model does not answer",
    Cause.BACKEND_LOADING: "The model is loading",
    Cause.BACKEND_DEAF: "The model says that it is well, and answers nobody",
    Cause.BACKEND_FAILING: "The model fails often",
    Cause.BACKEND_SLOW: "The model is slow",
    Cause.OVERLOAD: "More is asked than can be answered",
    Cause.NO_ANSWER: "{root} does not answer",
    Cause.FAILING: "{root} fails",
    Cause.STOPPED: "Perdure was not running",
}
