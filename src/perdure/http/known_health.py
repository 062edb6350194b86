"""What web knows of the health of everything: the last report of the health process, which may be away."""

from __future__ import annotations

from collections.abc import Callable

from perdure.core.busy import next_quiet
from perdure.core.errors import Fault, Overloaded, PerdureError, StoreFull, StoreUnavailable
from perdure.core.estimate import Estimate, retry_after
from perdure.core.queueing import wait
from perdure.core.report import OpenIncident, StatusReport
from perdure.statuspage.site import Site

LONG_S = 20.0
"""Who waits for longer may rather come back when it is quieter."""


class KnownHealth:
    """The last report, and what follows from it for those who have to wait. `random` is in [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self.report = StatusReport(0.0, "Perdure", None, ())
        self.version = "none"
        self.site = Site(self.report, 0.0)
        """The status page, drawn from the same report."""

    def heard(self, version: str, report: StatusReport) -> None:
        """The health process has told something new."""
        self.version, self.report = version, report
        self.site = Site(report, report.made_at)

    def inform(self, error: PerdureError) -> None:
        """Say which incident a failure belongs to, and when it is worth asking again: by how long such incidents have
        lasted, spread so that a crowd does not come back at once.
        """
        known = self._incident_of(error)
        if known is not None:
            error.incident = known.incident.id
        left = None if known is None else known.left
        if isinstance(error, Overloaded):
            left = self.report.queue.wait
        if error.retry_after_s is None and error.retry and error.status >= 500:
            error.retry_after_s = round(retry_after(left, self._random()), 1)

    def left(self, incident_id: str | None) -> Estimate | None:
        """How long an incident may still last."""
        return next((one.left for one in self.report.incidents if one.incident.id == incident_id), None)

    def wait(self, ahead: int) -> Estimate | None:
        """How long a reply will wait that has so many before it."""
        return wait(self.report.queue.per_place, ahead)

    def quiet_from(self, left: Estimate | None, now: float) -> float | None:
        """When it will be quieter, as the weeks before were; None where the wait is short, or where it is not known."""
        return next_quiet(self.report.busy, now) if left is not None and left.median_s >= LONG_S else None

    def _incident_of(self, error: PerdureError) -> OpenIncident | None:
        component = _component(error)
        return next((one for one in self.report.incidents if component in one.incident.components), None)


def _component(error: PerdureError) -> str | None:
    """The component that an error is about, as far as it tells."""
    if isinstance(error, (StoreUnavailable, StoreFull)):
        return "store"
    return "model" if error.fault is Fault.MODEL or error.away else None
