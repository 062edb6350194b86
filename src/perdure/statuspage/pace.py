"""When a copy of the status page is to be written again: at once where something has changed, and now and then, since a
copy tells by its date that somebody still looks.
"""

from __future__ import annotations

from perdure.core.report import StatusReport


class Pace:
    """`hurried_s` is the least time between two copies, and how often there is one while anything is wrong; `calm_s` is
    how often there is one while nothing has changed.
    """

    def __init__(self, hurried_s: float, calm_s: float) -> None:
        self._hurried_s = hurried_s
        self._calm_s = calm_s
        self._state: object = None
        self._copied_at = float("-inf")

    def due(self, report: StatusReport, now: float) -> bool:
        """Whether to write a copy of this report; from then on that is the last one."""
        state = (
            [(one.id, one.level, one.detail) for one in report.components],
            [one.incident for one in report.incidents],
            [one.id for one in report.past],
            list(report.maintenance),
            report.paused,
        )
        wait_s = self._hurried_s if state != self._state or report.incidents else self._calm_s
        if now - self._copied_at < wait_s:
            return False
        self._state, self._copied_at = state, now
        return True
