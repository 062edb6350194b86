"""The components of an installation: what people are told by their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perdure.core.health import Level, worst
from perdure.core.records import DEFAULT_BACKEND

WORKERS = "workers"
RESERVE = "reserve"


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """What a component is called, and what it is for. `group` is the id of the one that it is a part of. What is in
    `reserve` nobody relies on now: its failure is shown, and is nobody's incident.
    """

    id: str
    name: str
    about: str
    group: str | None = None
    reserve: bool = False


def components(workers: Sequence[str], model: str) -> Sequence[ComponentSpec]:
    """All components, in the order in which they are shown: `workers` by their names, `model` by what speaks."""
    return (
        ComponentSpec("web", "Pages and API", "What browsers and programs talk to."),
        ComponentSpec(WORKERS, "Replies", "The workers, which write the replies."),
        *(ComponentSpec(name, name, "One of the workers.", WORKERS) for name in workers),
        ComponentSpec("model", "The model", f"{model}, which speaks for the characters."),
        ComponentSpec("store", "The record", "Where everything that was said is kept."),
        ComponentSpec("search", "Search", "Finding a chat again."),
        ComponentSpec("import", "Import", "Bringing characters in."),
    )


class Roster:
    """The components that there are now: those of the installation, `specs`, and the backends in reserve."""

    def __init__(self, specs: Sequence[ComponentSpec]) -> None:
        self._specs = tuple(specs)
        self._reserve: tuple[ComponentSpec, ...] = ()
        groups = {spec.group for spec in specs}
        self.fixed = frozenset(spec.id for spec in specs if spec.id not in groups)
        """The ids of those that are always there, and not groups of others."""

    @property
    def specs(self) -> Sequence[ComponentSpec]:
        """All of them, in the order in which they are shown."""
        return (*self._specs, *self._reserve)

    @property
    def reserved(self) -> Collection[str]:
        """The ids of the backends in reserve."""
        return [spec.id for spec in self._reserve if spec.group is not None]

    def reserve(self, backends: Sequence[tuple[str, str]]) -> None:
        """These backends are in reserve, by id and name."""
        group = ComponentSpec(RESERVE, "Other models", "Those that replies do not come from now.", reserve=True)
        specs = [ComponentSpec(one, name, "A model in reserve.", RESERVE, reserve=True) for one, name in backends]
        self._reserve = (group, *specs) if specs else ()

    def __contains__(self, component: str) -> bool:
        """Whether this is one of them, and not a group of others."""
        return component in self.fixed or component in self.reserved


def component_of(row: Mapping[str, Any], *, default_is_active: bool) -> str:
    """The component that a process of the supervisor's list is. The embedded model is the one that speaks, or one in
    reserve.
    """
    return DEFAULT_BACKEND if row["role"] == "model" and not default_is_active else str(row["name"])


def of_group(levels: Sequence[Level]) -> Level:
    """How the whole stands by its parts: down where all are, and only slower where some are not."""
    if any(level is Level.OPERATIONAL for level in levels):
        return min(worst(levels), Level.DEGRADED, key=lambda level: level.severity)
    return worst(levels)
