"""Where the way ends."""

from __future__ import annotations

from perdure.core.diagnosis import Observation


class Stopped(Exception):
    """A step failed so that going on makes no sense. `observations` end with what it was."""

    def __init__(self, *observations: Observation) -> None:
        super().__init__(observations[-1].detail)
        self.observations = observations
