"""What of a turn can be set, and the presets: samplers that were tried together, each with a temper of its own.

Presets go by their ids; what they are called and what is said of them is the pages' affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Value = float | int | None

SAMPLER: Final = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty")
"""What a preset sets."""

OF_A_TURN: Final = (*SAMPLER, "max_tokens", "context_size", "seed")
"""What every turn is asked with. None: the backend's own default, and for `seed` another one for each turn."""

PRESETS: Final[Mapping[str, Mapping[str, Value]]] = {
    # Keeps to the point, says much the same when asked again.
    "precise": {"temperature": 0.35, "top_p": 0.9, "top_k": 40, "min_p": None, "repeat_penalty": 1.05},
    # What an installation begins with.
    "balanced": {"temperature": 0.8, "top_p": 0.95, "top_k": None, "min_p": None, "repeat_penalty": None},
    # Surprises, and min_p keeps the surprises from being nonsense.
    "lively": {"temperature": 1.05, "top_p": 0.98, "top_k": None, "min_p": 0.05, "repeat_penalty": 1.05},
    # As far as small models go before they fall apart.
    "wild": {"temperature": 1.35, "top_p": 1.0, "top_k": None, "min_p": 0.08, "repeat_penalty": 1.1},
}
"""By id, each with a value for all of `SAMPLER`; None goes back to the installation's default."""


def preset_of(values: Mapping[str, object], defaults: Mapping[str, object]) -> str | None:
    """The preset that the values are those of, None where they were set by hand."""
    for name, preset in PRESETS.items():
        if all(values[key] == (defaults[key] if wanted is None else wanted) for key, wanted in preset.items()):
            return name
    return None
