"""How all components stand: the findings of every look, put together and judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from perdure.core.health import RULES, Finding, Level, Rules, Standing, judge
from perdure.health.components import Roster
from perdure.health.look import Findings, Haste


class Standings:
    """The standings of the components on the `roster`. `maintained` names those that are under maintenance now."""

    def __init__(
        self,
        roster: Roster,
        now: Callable[[], float],
        maintained: Callable[[], Collection[str]],
        rules: Rules = RULES,
    ) -> None:
        self._now = now
        self._maintained = maintained
        self._rules = rules
        self._roster = roster
        self._found: dict[str, dict[str, Finding]] = {}
        self._standings: dict[str, Standing] = {}

    @property
    def all(self) -> Mapping[str, Standing]:
        """Every component's, as it is shown."""
        return {one: self._of(one) for one in (*self._roster.fixed, *self._roster.reserved)}

    @property
    def relied_upon(self) -> Mapping[str, Standing]:
        """Those of what is not in reserve."""
        return {one: self._of(one) for one in self._roster.fixed}

    def remember(self, component: str, finding: Finding, since: float) -> None:
        """It was unwell when somebody looked last, before this process began: it is, until looks say that it is not."""
        if component in self._roster:
            self._standings[component] = Standing(
                finding.level, since, finding, ((self._now(), finding.level),), (since,)
            )

    def heard(self, look: str, findings: Findings) -> bool:
        """Take what a look has found; returns whether anything is shown otherwise now."""
        changed = False
        now, maintained = self._now(), self._maintained()
        # What a look tells of no longer is not what it found last: the embedded model may be another component now.
        for found in self._found.values() if findings else ():
            found.pop(look, None)
        for component, finding in findings.items():
            if component not in self._roster:
                continue
            found = self._found.setdefault(component, {})
            found[look] = finding
            worst = max(found.values(), key=lambda one: (one.level.severity, one.certain))
            # What is being worked at is not judged.
            whole = Finding(Level.MAINTENANCE) if component in maintained else worst
            before = self._of(component)
            after = self._standings[component] = judge(before, whole, now, self._rules)
            changed = changed or (before.level, before.finding) != (after.level, after.finding)
            changed = changed or before.recovering is not after.recovering
        return changed

    def haste(self, component: str) -> Haste:
        """How soon it is worth looking at again."""
        standing = self._of(component)
        if standing.seen.severity > standing.level.severity:
            return Haste.DOUBT
        return Haste.CALM if standing.level is Level.OPERATIONAL else Haste.HURRY

    def _of(self, component: str) -> Standing:
        return self._standings.setdefault(component, Standing(since=self._now()))
