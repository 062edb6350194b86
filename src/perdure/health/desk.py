"""Where others ask the health process: one request line, one JSON answer, over a socket in the data folder.

`report VERSION` gives `{"version": …, "report": …}`, without the report where the version is the same. `act JSON` does
what an operator asks (`health/acts.py`) and gives `{"id": …}`.
"""

from __future__ import annotations

import orjson

from perdure.health.acts import Operator, Refused
from perdure.health.publish import REPORT
from perdure.health.watch import Watch


class Desk:
    """Answers for `watch`, in the name of one life of the process: another one's versions are others."""

    def __init__(self, watch: Watch, operator: Operator, incarnation: str) -> None:
        self._watch = watch
        self._operator = operator
        self._incarnation = incarnation

    def answer(self, request: str) -> object:
        """The answer to a request line; a refusal is `{"error": sentence, "remedy": sentence}`."""
        match request.split(maxsplit=1):
            case ["act", asked]:
                return self._act(asked)
            case ["report", version]:
                current = f"{self._incarnation}-{self._watch.version}"
                if version.strip() == current:
                    return {"version": current}
                return {"version": current, "report": REPORT.dump_python(self._watch.report(), mode="json")}
            case _:
                return {"error": "The request is unknown.", "remedy": "Ask for report VERSION, or act JSON."}

    def _act(self, asked: str) -> object:
        try:
            done = self._operator.do(orjson.loads(asked))
        except (ValueError, Refused) as error:
            return {"error": str(error), "remedy": "Nothing was changed."}
        self._watch.changed()
        return done
