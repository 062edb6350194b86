"""The screens and colours in which pages are looked at."""

from __future__ import annotations

import pytest

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}

in_every_look = pytest.mark.parametrize(
    ("theme", "viewport"),
    [
        pytest.param("light", PHONE, id="light-phone"),
        pytest.param("dark", DESK, id="dark-desk"),
        # Each screen and each colour is in the two above; what is wrong in one pair alone is rare.
        pytest.param("light", DESK, id="light-desk", marks=pytest.mark.thorough),
        pytest.param("dark", PHONE, id="dark-phone", marks=pytest.mark.thorough),
    ],
)
"""A test of `theme` and `viewport`."""
