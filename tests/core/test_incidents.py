"""One cause is one incident: it opens by itself, tells its story, and closes by itself."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from perdure.core.health import Cause, Finding, Level, Standing, judge
from perdure.core.incidents import ESCALATE_AFTER_S, Healing, Incident, Stage, advance, merged

WELL = Finding()
LOCKED = Finding(Level.MAJOR, Cause.STORE_LOCKED, "Process 812 (sqlite3) holds its lock.")
VAGUE = Finding(Level.MAJOR, Cause.NO_ANSWER, "It did not answer within 1 s.")
BLAMED = Finding(Level.MAJOR, Cause.FAILING, "The record cannot be read.", because="store")
KILLED = Finding(Level.MAJOR, Cause.PROCESS_DIED, "It was killed by SIGKILL.", certain=True)

COMPONENTS = ("web", "worker-1", "worker-2", "store", "model", "search")


class Day:
    """A course of looks at all components, two a second; what is not said is well."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.standings = {name: Standing(since=self.now) for name in COMPONENTS}
        self.incidents: list[Incident] = []

    def goes_on(self, for_s: float, healing: Mapping[str, Healing] | None = None, **found: Finding) -> None:
        """So many seconds in which components are found to be so (`worker_1` for worker-1)."""
        named = {name.replace("_", "-"): finding for name, finding in found.items()}
        for _ in range(int(for_s * 2)):
            self.now += 0.5
            for name in COMPONENTS:
                self.standings[name] = judge(self.standings[name], named.get(name, WELL), self.now)
            self.incidents = advance(self.incidents, self.standings, healing or {}, self.now)

    @property
    def open(self) -> list[Incident]:
        return [one for one in self.incidents if one.open]


def stages(incident: Incident) -> list[Stage]:
    return [entry.stage for entry in incident.story]


def test_an_incident_opens_and_closes_by_itself() -> None:
    """Detected, identified, recovering, monitoring, resolved: each in its turn, each with its instant."""
    day = Day()
    day.goes_on(2)
    assert day.incidents == []
    day.goes_on(1, worker_1=KILLED)
    [incident] = day.open
    assert (incident.root, incident.cause, incident.impact) == ("worker-1", Cause.PROCESS_DIED, Level.MAJOR)
    day.goes_on(2, {"worker-1": Healing("worker-1 is being started again.")}, worker_1=KILLED)
    day.goes_on(10)
    [incident] = day.incidents
    assert stages(incident) == [
        *(Stage.DETECTED, Stage.IDENTIFIED, Stage.RECOVERING),
        *(Stage.MONITORING, Stage.RESOLVED),
    ]
    assert [entry.at for entry in incident.story] == sorted(entry.at for entry in incident.story)
    assert incident.resolved_at == day.now - 10 + 3.0
    assert not incident.needs_operator


def test_a_dead_store_is_one_incident() -> None:
    """Whatever cannot work without it is named as touched, and nothing has an incident of its own."""
    day = Day()
    day.goes_on(3, store=LOCKED, web=BLAMED, search=VAGUE)
    [incident] = day.incidents
    assert (incident.root, incident.cause) == ("store", Cause.STORE_LOCKED)
    assert set(incident.components) == {"store", "web", "search"}
    day.goes_on(10)
    assert [one.open for one in day.incidents] == [False]


def test_a_root_that_is_found_out_later_takes_the_incident_over() -> None:
    """Search was seen to fail first: its incident becomes the store's, and keeps its beginning."""
    day = Day()
    day.goes_on(2, search=VAGUE)
    [first] = day.open
    day.goes_on(2, search=VAGUE, store=LOCKED, web=BLAMED)
    [incident] = day.incidents
    assert incident.id == first.id
    assert (incident.root, incident.opened_at) == ("store", first.opened_at)
    assert incident.cause is Cause.STORE_LOCKED


def test_what_a_cause_has_left_behind_is_no_incident_of_its_own() -> None:
    """The store is well again a moment before the search is."""
    day = Day()
    day.goes_on(3, store=LOCKED, search=VAGUE)
    day.goes_on(5, search=VAGUE)
    [incident] = day.incidents
    assert incident.open
    day.goes_on(5)
    assert incident.id == day.incidents[0].id
    assert [one.open for one in day.incidents] == [False]


def test_what_works_again_is_not_blamed_on_what_falls_after_it() -> None:
    """It is shown as unwell for a moment longer. Its incident stays its own, and the later one is another."""
    day = Day()
    day.goes_on(5, search=BLAMED)
    [own] = day.open
    assert own.root == "search"
    day.goes_on(1)
    day.goes_on(8, store=LOCKED)
    day.goes_on(8)
    assert [(one.root, one.cause) for one in day.incidents] == [
        ("search", Cause.FAILING),
        ("store", Cause.STORE_LOCKED),
    ]


def test_two_causes_are_two_incidents() -> None:
    """A worker that is killed while the record is locked was not killed by that."""
    day = Day()
    day.goes_on(3, store=LOCKED)
    day.goes_on(1, store=LOCKED, worker_2=KILLED)
    assert {one.root for one in day.open} == {"store", "worker-2"}


def test_two_that_turn_out_to_be_one_are_merged() -> None:
    """Web and search failed for themselves, as it seemed; then both were seen to fail for the store."""
    day = Day()
    day.goes_on(2, web=VAGUE)
    day.goes_on(2, web=VAGUE, search=VAGUE)
    assert len(day.open) == 2
    day.goes_on(2, web=VAGUE, search=VAGUE, store=LOCKED)
    [kept] = day.open
    [gone] = [one for one in day.incidents if not one.open]
    assert (gone.merged_into, kept.root) == (kept.id, "store")
    assert set(kept.components) == {"web", "search", "store"}


def test_maintenance_is_no_incident() -> None:
    """What is planned is told as that."""
    day = Day()
    day.goes_on(10, model=Finding(Level.MAINTENANCE))
    assert day.incidents == []


def test_it_needs_the_operator_past_its_time() -> None:
    """After an hour by itself, once; and it says so."""
    day = Day()
    day.goes_on(ESCALATE_AFTER_S - 10, model=VAGUE)
    assert not day.open[0].needs_operator
    day.goes_on(20, model=VAGUE)
    [incident] = day.open
    assert incident.needs_operator
    assert sum("needs the operator" in entry.text for entry in incident.story) == 1


def test_it_needs_the_operator_when_starting_again_does_not_help() -> None:
    """The supervisor has given up hope: nobody waits for an hour to hear that."""
    day = Day()
    day.goes_on(2, {"model": Healing("It is tried slowly.", exhausted=True)}, model=KILLED)
    assert day.open[0].needs_operator


def test_the_story_does_not_repeat_itself() -> None:
    """An hour of the same is one line for each thing that happened."""
    day = Day()
    day.goes_on(600, {"model": Healing("The model is being started again.")}, model=KILLED)
    assert stages(day.open[0]) == [Stage.DETECTED, Stage.IDENTIFIED, Stage.RECOVERING]


def test_what_does_not_last_is_said_to_have_come_back() -> None:
    """Good looks, then bad ones before it was believed."""
    day = Day()
    day.goes_on(2, model=VAGUE)
    day.goes_on(1)
    assert stages(day.open[0])[-1] is Stage.MONITORING
    day.goes_on(1, model=VAGUE)
    assert stages(day.open[0])[-1] is Stage.IDENTIFIED


def test_merging_keeps_both_stories() -> None:
    """By the operator's hand, with their name; the older beginning counts."""
    day = Day()
    day.goes_on(2, web=VAGUE)
    day.goes_on(2, web=VAGUE, model=VAGUE)
    one, other = day.open
    kept, gone = merged(other, one, day.now, "Ada")
    assert kept.opened_at == one.opened_at
    assert len(kept.story) == len(one.story) + len(other.story) + 1
    assert kept.story[-1].by == "Ada"
    assert (gone.open, gone.merged_into) == (False, kept.id)


@given(
    st.lists(
        st.tuples(st.sampled_from(COMPONENTS), st.sampled_from([WELL, LOCKED, VAGUE, BLAMED, KILLED])), max_size=60
    )
)
def test_whatever_happens_the_incidents_fit_what_is_unwell(course: list[tuple[str, Finding]]) -> None:
    """While anything is unwell an incident is open that names it; once all has been well for long, none is. No root has
    two that are open, and no incident is open and over.
    """
    day, found = Day(), dict[str, Finding]()
    for component, finding in course:
        found[component.replace("-", "_")] = finding
        day.goes_on(1, None, **found)
        unwell = {name for name, standing in day.standings.items() if standing.level.unwell}
        assert unwell <= {name for one in day.open for name in one.components}
        assert bool(unwell) == bool(day.open)
        roots = [one.root for one in day.open]
        assert len(roots) == len(set(roots))
    day.goes_on(130)
    assert day.open == []
    assert all(one.stage is Stage.RESOLVED and one.resolved_at is not None for one in day.incidents)
    assert len({one.id for one in day.incidents}) == len(day.incidents)
