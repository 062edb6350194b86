"""Where others ask the health process: one request line, one JSON answer, over a socket in the data folder.

`report VERSION` gives `{"version": …, "report": …}`, without the report where the version is the same. `metrics` gives
`{"metrics": …}`: the metrics of the whole installation in Prometheus's text format.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from perdure.health.publish import REPORT
from perdure.health.watch import Watch


class Desk:
    """Answers for `watch`, in the name of one life of the process: another one's versions are others."""

    def __init__(self, watch: Watch, metrics: CollectorRegistry, incarnation: str) -> None:
        self._watch = watch
        self._metrics = metrics
        self._incarnation = incarnation

    def answer(self, request: str) -> object:
        """The answer to a request line; a refusal is `{"error": sentence, "remedy": sentence}`."""
        match request.split():
            case ["report", version]:
                current = f"{self._incarnation}-{self._watch.version}"
                if version == current:
                    return {"version": current}
                return {"version": current, "report": REPORT.dump_python(self._watch.report(), mode="json")}
            case ["metrics"]:
                return {"metrics": generate_latest(self._metrics).decode()}
            case _:
                return {"error": "The request is unknown.", "remedy": "Ask for report VERSION, or for metrics."}
