"""How everything stands at this instant, for Prometheus: made when it is asked for, from what is known already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from perdure.core.health import Cause, Level
from perdure.core.incidents import Incident
from perdure.health.chronicle import Chronicle
from perdure.health.looks.processes import ProcessesLook
from perdure.health.samples import Samples
from perdure.health.standings import Standings
from perdure.health.telling import Telling
from perdure.health.watch import Watch

UNKNOWN = "unknown"
"""The cause of an incident that has none yet, or was over before it was found."""


@dataclass(slots=True)
class IncidentCount:
    """How many incidents there were of each cause, since this process began: each once, when its cause is known."""

    counted: set[str]
    """The ids of those that are counted, and of those that were there before."""
    by_cause: Counter[str] = field(default_factory=Counter)

    def look(self, incidents: Sequence[Incident]) -> None:
        """Count those that are new. One that turned out to be the same as another is none."""
        for one in incidents:
            if one.id in self.counted or one.merged_into is not None or (one.open and one.cause is None):
                continue
            self.counted.add(one.id)
            self.by_cause[one.cause or UNKNOWN] += 1


class Gauges:
    """Collects from the parts of the health process: each is asked for what it holds, and nobody is waited for."""

    def __init__(
        self,
        telling: Telling,
        standings: Standings,
        chronicle: Chronicle,
        watch: Watch,
        processes: ProcessesLook,
        samples: Samples,
    ) -> None:
        self._telling = telling
        self._standings = standings
        self._chronicle = chronicle
        self._watch = watch
        self._processes = processes
        self._samples = samples
        self._count = IncidentCount({one.id for one in chronicle.incidents})

    def collect(self) -> Iterator[Metric]:
        """Everything, family by family."""
        queue = self._watch.queue
        yield _gauge("perdure_queue_waiting", "Turns that wait for a worker.", queue.waiting)
        yield _gauge("perdure_queue_running", "Turns that are being spoken.", queue.running)
        yield self._components()
        yield from self._incidents()
        yield from self._per_process()
        yield from self._sizes()

    def _components(self) -> Metric:
        standings = self._standings.all
        family = GaugeMetricFamily(
            "perdure_component_level", "1 for the level at which a component is, 0 for the others.", labels=_COMPONENT
        )
        for spec in self._telling.roster.specs:
            if spec.reserve:
                # Its failure is no reason to wake anybody, and its name is what people have made up.
                continue
            now = self._telling.level(spec, standings)
            for level in Level:
                family.add_metric([spec.id, level], float(level is now))
        return family

    def _incidents(self) -> Iterator[Metric]:
        known = self._chronicle.incidents
        self._count.look(known)
        going = [one for one in known if one.open]
        by_cause = Counter(one.cause or UNKNOWN for one in going)
        causes = (*Cause, UNKNOWN)
        yield _by_label(GaugeMetricFamily, "perdure_incidents_open", "Open incidents.", "cause", causes, by_cause)
        yield _by_label(
            CounterMetricFamily, "perdure_incidents", "Incidents, open or over.", "cause", causes, self._count.by_cause
        )
        needy = sum(one.needs_operator for one in going)
        yield _gauge("perdure_incidents_need_operator", "Open incidents that do not mend themselves.", needy)

    def _per_process(self) -> Iterator[Metric]:
        rows, uses = self._processes.seen, self._samples.last.uses
        runs = {row["name"]: row["state"] == "running" for row in rows}
        restarts = {row["name"]: row["restarts"] for row in rows}
        resident = {name: use.resident_bytes for name, use in uses.items()}
        cpu = {name: use.cpu_s for name, use in uses.items()}
        yield _by_name(
            GaugeMetricFamily,
            "perdure_process_running",
            "1 for a process that runs, 0 for one that is on its way.",
            runs,
        )
        yield _by_name(
            CounterMetricFamily,
            "perdure_process_restarts",
            "Starts of a process after its first, since the supervisor began.",
            restarts,
        )
        yield _by_name(
            GaugeMetricFamily,
            "perdure_process_resident_bytes",
            "Memory that a process holds, mapped files not included: what memory_limit_mib limits.",
            resident,
        )
        yield _by_name(
            CounterMetricFamily, "perdure_process_cpu_seconds", "Processor time that a process has taken.", cpu
        )

    def _sizes(self) -> Iterator[Metric]:
        last = self._samples.last
        unforeseen = "Exceptions that nobody foresaw."
        yield CounterMetricFamily("perdure_unforeseen", unforeseen, value=self._samples.unforeseen)
        if last.store_bytes is not None:
            yield _gauge("perdure_store_bytes", "Size of the record with its write-ahead log.", last.store_bytes)
        if last.disk_free_bytes is not None:
            yield _gauge("perdure_disk_free_bytes", "Free on the disk of the data folder.", last.disk_free_bytes)


_COMPONENT = ("component", "level")
_Family = type[GaugeMetricFamily] | type[CounterMetricFamily]


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value=value)


def _by_name(kind: _Family, name: str, said: str, values: Mapping[str, float]) -> Metric:
    return _by_label(kind, name, said, "name", tuple(values), values)


def _by_label(
    kind: _Family, name: str, said: str, label: str, keys: Sequence[str], values: Mapping[str, float]
) -> Metric:
    """A family with one label, and a value for each of `keys`: 0 where there is none."""
    family = kind(name, said, labels=(label,))
    for key in keys:
        family.add_metric([key], float(values.get(key, 0)))
    return family
