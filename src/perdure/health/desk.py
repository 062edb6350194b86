"""Where others ask the health process: one request line, one JSON answer, over a socket in the data folder.

`report VERSION` gives `{"version": …, "report": …}`, without the report where the version is the same; `news VERSION`
gives the same as soon as it is another one, or after some seconds. `metrics` gives `{"metrics": …}`: the metrics of the
whole installation in Prometheus's text format. `act JSON` does what an operator asks (`health/acts.py`) and gives
`{"id": …}`. `acts LIMIT` gives `{"acts": [[at, by, act], …]}`, the last one first. `load STEP_S` gives
`{"samples": […]}`: the last day by the minute (60), or the last month more coarsely (900).
"""

from __future__ import annotations

import orjson
from prometheus_client import CollectorRegistry, generate_latest

from perdure.core.load import COARSE_S, MINUTE_S
from perdure.health.acts import Operator, Refused
from perdure.health.publish import REPORT
from perdure.health.watch import Watch

NEWS_S = 4.0
"""Less than whoever serves the socket waits for any answer."""


class Desk:
    """Answers for `watch`, in the name of one life of the process: another one's versions are others."""

    def __init__(self, watch: Watch, operator: Operator, metrics: CollectorRegistry, incarnation: str) -> None:
        self._watch = watch
        self._operator = operator
        self._metrics = metrics
        self._incarnation = incarnation

    async def answer(self, request: str) -> object:
        """The answer to a request line; a refusal is `{"error": sentence, "remedy": sentence}`."""
        try:
            match request.split():
                case ["news", version]:
                    return await self._news(version)
            return self._answer(request)
        except (ValueError, Refused) as error:
            return {"error": str(error), "remedy": "Nothing was changed."}

    def _answer(self, request: str) -> object:
        match request.split(maxsplit=1):
            case ["act", asked]:
                done = self._operator.do(orjson.loads(asked))
                self._watch.changed()
                return done
            case ["acts", limit] if limit.strip().isdigit():
                return {"acts": self._operator.acts(int(limit))}
            case ["load", step_s] if step_s.strip() in (str(MINUTE_S), str(COARSE_S)):
                return {"samples": self._operator.load(int(step_s))}
            case ["report", version]:
                return self._report(version.strip())
            case ["metrics"]:
                return {"metrics": generate_latest(self._metrics).decode()}
            case _:
                known = "report VERSION, news VERSION, metrics, act JSON, acts LIMIT, or load STEP_S"
                raise Refused(f"The request is unknown: ask for {known}.")

    def _report(self, version: str) -> object:
        current = self._current()
        if version == current:
            return {"version": current}
        return {"version": current, "report": REPORT.dump_python(self._watch.report(), mode="json")}

    async def _news(self, version: str) -> object:
        if version == self._current():
            await self._watch.change(self._watch.version, NEWS_S)
        return self._report(version)

    def _current(self) -> str:
        """Another life of this process counts anew."""
        return f"{self._incarnation}-{self._watch.version}"
