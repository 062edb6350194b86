"""Did the page tell the truth? The script and what was really done, against what was read of the page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from perdure.core.health import RULES, Level, worst
from perdure.health.components import WORKERS, of_group
from tests.bad_day.script import DETECT_S, EARLY_S, RESOLVE_S, Expected, Line
from tests.bad_day.verdict import IncidentRow, MinuteRow, Verdict

WEB_LAG_S = 1.0
"""Web asks for the report twice a second, and an answer takes its time: so old may be what it tells."""
COPY_LAG_S = 3.5
"""The copy is drawn every 2 s at most, a change is looked for every second, and drawing takes its time."""
STEP_S = 0.05


@dataclass(frozen=True, slots=True)
class Told:
    """An incident as the page told it once. Unix seconds."""

    id: str
    root: str
    cause: str | None
    started_at: float
    resolved_at: float | None
    components: frozenset[str]
    needs_operator: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """What was read at an instant: levels by component, and all incidents. `copied`: from the copy, web being away."""

    at: float
    levels: Mapping[str, Level]
    incidents: Sequence[Told]
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """A line as it was really played. Unix seconds; `mended_at` is None for what mends itself."""

    line: Line
    began_at: float
    mended_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Window:
    """When a line may be seen on the page, and when it must: never where `must_from` is not before `must_until`."""

    played: Played
    may_from: float
    must_from: float
    must_until: float
    may_until: float

    @property
    def detect_by(self) -> float:
        return self.must_from


class Judge:
    """Judges a day that began at `began_at`. `patience` multiplies all tolerances, for machines that are busy."""

    def __init__(self, played: Sequence[Played], began_at: float, minute_s: float, patience: float = 1.0) -> None:
        self._played = sorted(played, key=lambda one: one.began_at)
        self._began_at = began_at
        self._minute_s = minute_s
        self._patience = patience
        self._settles = _settles(self._played)
        self._windows = [self._window(one) for one in self._played]

    def verdict(self, samples: Sequence[Sample], minutes: int) -> Verdict:
        """Judge what was read."""
        samples = sorted(samples, key=lambda one: one.at)
        histories = _histories(samples)
        matched: set[str] = set()
        rows = []
        for window in self._windows:
            if window.played.line.incident is not None:
                rows.append(self._incident(window, window.played.line.incident, histories, matched))
        surplus = [_named(told[-1][1]) for one, told in histories.items() if one not in matched]
        return Verdict([self._minute(n, samples) for n in range(minutes)], rows, surplus)

    def _window(self, one: Played) -> _Window:
        expected = one.line.incident
        detect_s, early_s, back_s = DETECT_S, EARLY_S, 0.0
        if expected is not None:
            detect_s, early_s, back_s = expected.detect_s + expected.page_s, expected.early_s, expected.back_s
        healed_at = one.began_at if one.mended_at is None else one.mended_at
        shown_until = one.began_at + RULES.settle_s if one.mended_at is None else one.mended_at
        grace_s = back_s + (self._settles[id(one)] - RULES.settle_s) + RESOLVE_S
        return _Window(
            one,
            one.began_at - early_s,
            one.began_at + detect_s * self._patience,
            shown_until,
            healed_at + grace_s * self._patience,
        )

    def _incident(self, window: _Window, expected: Expected, histories: _Histories, matched: set[str]) -> IncidentRow:
        one = window.played
        mine = {
            name: told
            for name, told in histories.items()
            if name not in matched
            and told[-1][1].root == expected.root
            and window.may_from <= told[-1][1].started_at <= max(window.detect_by, window.may_until)
        }
        matched.update(mine)
        detected_s = resolved_s = None
        wrong = []
        healed_at = one.began_at if one.mended_at is None else one.mended_at
        if not mine:
            wrong.append("it was not told")
        if len(mine) > 1:
            wrong.append(f"one cause, {len(mine)} incidents")
        for told in list(mine.values())[:1]:
            last = told[-1][1]
            detected_s = told[0][0] - one.began_at
            over_at = next((at for at, each in told if each.resolved_at is not None), None)
            wrong += _about(last, expected, one.line)
            if told[0][0] > window.detect_by:
                wrong.append("it was told too late")
            if over_at is None or last.resolved_at is None:
                wrong.append("its end was not told")
                continue
            resolved_s = over_at - healed_at
            if last.resolved_at < healed_at:
                wrong.append("it was over before it was mended")
            if over_at > window.may_until + _lag(expected):
                wrong.append("its end was told too late")
        return IncidentRow(
            one.line.what,
            f"{expected.root}: {expected.cause}",
            "; ".join(_named(told[-1][1]) for told in mine.values()) or "nothing",
            detected_s,
            window.detect_by - one.began_at,
            resolved_s,
            window.may_until + _lag(expected) - healed_at,
            wrong,
        )

    def _minute(self, n: int, samples: Sequence[Sample]) -> MinuteRow:
        begins_at = self._began_at + n * self._minute_s
        mine = [one for one in samples if begins_at <= one.at < begins_at + self._minute_s]
        told: dict[str, list[Level]] = {}
        wrong: dict[str, None] = {}
        for sample in mine:
            for component, level in sample.levels.items():
                told.setdefault(component, []).append(level)
            wrong.update(dict.fromkeys(self._wrong(sample)))
        if not mine:
            wrong["nothing could be read"] = None
        unwell = {component: worst(levels) for component, levels in told.items()}
        return MinuteRow(
            n,
            ", ".join(self._expected(begins_at, begins_at + self._minute_s)) or "all is well",
            ", ".join(f"{name} {level}" for name, level in unwell.items() if level is not Level.OPERATIONAL)
            or ("all is well" if mine else "nothing"),
            len(mine),
            list(wrong),
        )

    def _expected(self, begins_at: float, ends_at: float) -> Iterator[str]:
        """What has to be seen within a minute, and in brackets what may be."""
        for window in self._windows:
            for shown in window.played.line.shows:
                levels = "/".join(sorted(shown.levels))
                if max(window.must_from, begins_at) < min(window.must_until, ends_at):
                    yield f"{shown.component} {levels}"
                elif max(window.may_from, begins_at) < min(window.may_until, ends_at):
                    yield f"({shown.component} {levels})"

    def _wrong(self, sample: Sample) -> Iterator[str]:
        """Components at levels at which they cannot have been, however old what was read may be."""
        lag_s = (COPY_LAG_S if sample.copied else WEB_LAG_S) * self._patience
        steps = int(lag_s / STEP_S) + 1
        parts = [level for component, level in sample.levels.items() if component.startswith("worker-")]
        for component, level in sample.levels.items():
            if component == WORKERS:
                if parts and level is not of_group(parts):
                    yield f"{component} {level}, its parts otherwise"
            elif not any(level in self._allowed(component, sample.at - k * STEP_S) for k in range(steps)):
                yield f"{component} {level}"

    def _allowed(self, component: str, at: float) -> set[Level]:
        may: set[Level] = set()
        must = False
        for window in self._windows:
            for shown in window.played.line.shows:
                if shown.component == component and window.may_from <= at <= window.may_until:
                    may |= shown.levels
                    must = must or (shown.surely and window.must_from <= at < window.must_until)
        return may if must else may | {Level.OPERATIONAL}


_Histories = Mapping[str, Sequence[tuple[float, Told]]]
"""How each incident was told, by its id: (when, how), the first first."""


def _histories(samples: Sequence[Sample]) -> _Histories:
    found: dict[str, list[tuple[float, Told]]] = {}
    for sample in samples:
        for told in sample.incidents:
            found.setdefault(told.id, []).append((sample.at, told))
    return found


def _about(told: Told, expected: Expected, line: Line) -> Iterator[str]:
    """What an incident says wrongly of itself."""
    if told.cause != expected.cause:
        yield f"its cause is told as {told.cause}"
    if told.needs_operator is not expected.needs_operator:
        yield "it needs the operator" if told.needs_operator else "it is not told that it needs the operator"
    touched = {shown.component for shown in line.shows}
    if told.components != touched:
        yield f"it is told to touch {', '.join(sorted(told.components)) or 'nothing'}"


def _lag(expected: Expected) -> float:
    """How much later an end may be read than it is known."""
    return expected.page_s or WEB_LAG_S


def _named(told: Told) -> str:
    return f"{told.root}: {told.cause}"


def _settles(played: Sequence[Played]) -> Mapping[int, float]:
    """For how long each has to be well before it is believed, as `core.health` has it: by how often its component has
    fallen lately. What falls while it is down does not fall again; so this may be too much, and never too little.
    """
    fell: dict[str, list[float]] = {}
    found = {}
    for one in played:
        root = one.line.incident.root if one.line.incident is not None else ""
        lately = [at for at in fell.get(root, []) if at > one.began_at - RULES.flap_window_s]
        fell[root] = [*lately, one.began_at]
        settle_s = min(RULES.settle_s * 2.0 ** len(lately), RULES.longest_settle_s) if root else RULES.settle_s
        found[id(one)] = settle_s
    return found
