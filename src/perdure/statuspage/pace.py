"""When a copy of the status page is to be written again: at once where something has changed, and now and then, since a
copy tells by its date that somebody still looks.
"""

from __future__ import annotations

from perdure.core.report import StatusReport


class Pace:
    """`hurried_s` is the least time between two copies. While nothing changes there is one every `ill_s` if anything is
    wrong, and every `calm_s` if nothing is. Seconds.
    """

    def __init__(self, hurried_s: float, ill_s: float, calm_s: float) -> None:
        self._hurried_s = hurried_s
        self._ill_s = ill_s
        self._calm_s = calm_s
        self._state: object = None
        self._copied_at = float("-inf")

    def due(self, report: StatusReport, now: float) -> bool:
        """Whether to write a copy of this report; from then on that is the last one."""
        if self.left_s(report, now) > 0.0:
            return False
        self._state, self._copied_at = _state(report), now
        return True

    def left_s(self, report: StatusReport, now: float) -> float:
        """How long it is until a copy of this report is due, if it does not change: not above 0 where it is now."""
        unchanged_s = self._ill_s if report.incidents else self._calm_s
        wait_s = unchanged_s if _state(report) == self._state else self._hurried_s
        return self._copied_at + wait_s - now


def _state(report: StatusReport) -> object:
    """What makes a copy old where it changes."""
    return (
        [(one.id, one.level, one.detail) for one in report.components],
        [one.incident for one in report.incidents],
        [one.id for one in report.past],
        list(report.maintenance),
        report.paused,
    )
