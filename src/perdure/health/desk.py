"""Where others ask the health process: one request line, one JSON answer, over a socket in the data folder.

`report VERSION` gives `{"version": n, "report": …}`, without the report where the version is the same.
"""

from __future__ import annotations

from pydantic import TypeAdapter

from perdure.core.report import StatusReport
from perdure.health.watch import Watch

REPORT = TypeAdapter(StatusReport)


class Desk:
    """Answers for `watch`."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def answer(self, request: str) -> object:
        """The answer to a request line; a refusal is `{"error": sentence, "remedy": sentence}`."""
        match request.split():
            case ["report", version]:
                current = {"version": self._watch.version}
                if version == str(self._watch.version):
                    return current
                return {**current, "report": REPORT.dump_python(self._watch.report(), mode="json")}
            case _:
                return {"error": "The request is unknown.", "remedy": "Ask for report VERSION."}
