"""Presets set the whole sampler, within the bounds that it has."""

from __future__ import annotations

import pytest

from perdure.config import Settings
from perdure.core.presets import OF_A_TURN, PRESETS, SAMPLER, preset_of

DEFAULTS = Settings.model_construct().model_dump()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_the_whole_sampler_within_its_bounds(name: str) -> None:
    """So that nothing of the preset before stays, and no preset is one that the server would refuse by hand."""
    preset = PRESETS[name]
    assert tuple(preset) == SAMPLER
    Settings.model_validate({key: value for key, value in preset.items() if value is not None})


def test_every_preset_is_known_by_its_values() -> None:
    """No two are the same, and an installation that nobody has changed is balanced."""
    for name, preset in PRESETS.items():
        values = {key: DEFAULTS[key] if value is None else value for key, value in preset.items()}
        assert preset_of(values, DEFAULTS) == name
        assert preset_of({**values, "temperature": 0.123}, DEFAULTS) is None
    assert preset_of(DEFAULTS, DEFAULTS) == "balanced"


def test_what_a_turn_is_asked_with_are_settings() -> None:
    """Each of them can be set by flag, too."""
    assert set(OF_A_TURN) <= set(Settings.model_fields)
