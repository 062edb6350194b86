"""The components of an installation: what people are told by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perdure.core.health import Level, worst

WORKERS = "workers"


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """What a component is called, and what it is for. `group` is the id of the one that it is a part of."""

    id: str
    name: str
    about: str
    group: str | None = None


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


def component_of(row: Mapping[str, Any]) -> str:
    """The component that a process of the supervisor's list is."""
    return str(row["name"])


def of_group(levels: Sequence[Level]) -> Level:
    """How the whole stands by its parts: down where all are, and only slower where some are not."""
    if any(level is Level.OPERATIONAL for level in levels):
        return min(worst(levels), Level.DEGRADED, key=lambda level: level.severity)
    return worst(levels)
