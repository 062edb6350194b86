"""Settings: what was set while Perdure runs, over what it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perdure.core.errors import Invalid
from perdure.core.presets import OF_A_TURN, PRESETS, SAMPLER, preset_of
from perdure.core.records import TurnSettings
from perdure.engine.backends import ACTIVE
from perdure.ports.store import Records

OWN: Mapping[str, Any] = {"persona_id": None, ACTIVE: None, "welcomed": False}
"""What can be set here alone, with the values that it begins with."""


def for_turn(records: Records, defaults: TurnSettings, room: int | None) -> TurnSettings:
    """What a turn is asked with, from now on.

    `room` is the context, in tokens, that the backend has which Perdure was started with, where that is known: it was
    loaded with it, and no setting makes it larger.
    """
    changed = records.settings.all()
    settings = {**defaults, **{key: changed[key] for key in OF_A_TURN if key in changed}}
    backend_id = changed.get(ACTIVE)
    backend = records.backends.get(backend_id) if isinstance(backend_id, str) else None
    if backend is not None:
        settings["model"] = backend.model
    elif room is not None and isinstance(asked := settings.get("context_size"), int):
        settings["context_size"] = min(asked, room)
    return settings


def persona_for(records: Records, chat_id: str) -> str | None:
    """Who the user is in a chat of which nothing is said: whoever it began with, or for a new one as it was set."""
    known = records.chats.get(chat_id)
    if known is not None:
        return known.begun_as
    persona_id = records.settings.get("persona_id")
    return persona_id if isinstance(persona_id, str) and records.personas.shown(persona_id) else None


def told(records: Records, defaults: TurnSettings) -> dict[str, Any]:
    """All settings, what they would be if nothing were set here, and what is set here.

    The preset is not kept: it is whichever the values are those of. So changing one of them by hand ends it.
    """
    begun: dict[str, Any] = {**{key: defaults.get(key) for key in OF_A_TURN}, **OWN}
    changed = {key: value for key, value in records.settings.all().items() if key in begun}
    values = {**begun, **changed}
    return {
        "values": {**values, "preset": preset_of(values, begun)},
        "defaults": {**begun, "preset": preset_of(begun, begun)},
        "changed": list(changed),
    }


def change(records: Records, changes: Mapping[str, Any], now: float) -> None:
    """Set what `changes` names; None goes back to the default. A preset comes first, single values over it.

    Raises Invalid for a persona or a backend that is not there.
    """
    for key, value in {**_of_preset(changes), **changes}.items():
        if key == "persona_id" and value is not None and records.personas.shown(value) is None:
            raise Invalid(f"{key}: there is no persona with this id.")
        if key == ACTIVE and value is not None and records.backends.get(value) is None:
            raise Invalid(f"{key}: there is no backend with this id.")
        if key == "preset":
            continue
        if value is None:
            records.settings.remove(key)
        else:
            records.settings.put(key, value, now)


def _of_preset(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    if "preset" not in changes:
        return {}
    name = changes["preset"]
    return dict.fromkeys(SAMPLER) if name is None else PRESETS[name]
