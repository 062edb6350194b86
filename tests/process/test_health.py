"""What breaks is known at once, as what it is, and as one incident; and it is known to be mended by itself."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdure.client.shapes import Turn
from perdure.core.health import Cause, Level
from perdure.core.incidents import Incident, Stage, Toll
from perdure.core.report import Indicator, StatusReport
from perdure.health.ledger import Ledger
from perdure.health.publish import REPORT
from perdure.supervise import control
from perdure.supervise.errors import ControlError
from tests.http.installation import ScriptedBackend, environment, eventually, perdure
from tests.process.conversing import Mortal, talking, tell

pytestmark = pytest.mark.anyio

LONG = "Go on [[tokens=400 interval=0.02]]"
"""To the scripted backend: a reply of eight seconds."""


@pytest.fixture(scope="module")
def watched(backend: ScriptedBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    """A Perdure whose health is known to be good."""
    installation = Mortal(tmp_path_factory.mktemp("watched") / "data", backend_url=backend.url)
    installation.start()
    eventually(lambda: all_well(installation))
    yield installation
    installation.close()
    assert "Traceback" not in installation.log()


def report(installation: Mortal) -> StatusReport | None:
    """What the health process tells now; None while it does not answer."""
    try:
        answer = control.ask(installation.data_dir / "run" / "health.sock", "report none")
    except ControlError:
        return None
    assert isinstance(answer, dict)
    return REPORT.validate_python(answer["report"])


def all_well(installation: Mortal) -> StatusReport | None:
    """The report, once everything was looked at and nothing is wrong."""
    told = report(installation)
    if told is None or not installation.is_whole():
        return None
    return told if told.queue.running == 0 and told.indicator is Indicator.NONE else None


def opened(installation: Mortal, root: str) -> Incident:
    """The open incident of that root, once there is one whose cause is known."""

    def found() -> Incident | None:
        told = report(installation)
        open_ones = [one.incident for one in told.incidents] if told else []
        return next((one for one in open_ones if one.root == root and one.cause is not None), None)

    return eventually(found)


def ended(installation: Mortal, incident: Incident) -> Incident:
    """The same incident, once it is over and everything is well."""

    def found() -> Incident | None:
        told = all_well(installation)
        return next((one for one in told.past if one.id == incident.id), None) if told else None

    return eventually(found)


def stages(incident: Incident) -> list[Stage]:
    """What its story has gone through, each once."""
    return list(dict.fromkeys(entry.stage for entry in incident.story))


async def test_a_killed_worker_is_an_incident_that_counts_what_it_did(watched: Mortal) -> None:
    """The reply that it spoke was interrupted, in one chat; nothing is lost. The other worker is well meanwhile."""
    seen: list[Incident] = []

    async def strike(turn: Turn) -> None:
        speaker = turn["attempts"][-1]["worker"]
        await asyncio.to_thread(watched.kill, speaker)
        seen.append(await asyncio.to_thread(opened, watched, speaker))
        told = report(watched)
        assert told is not None
        assert {one.id: one.level for one in told.components}["workers"] is Level.DEGRADED
        assert told.indicator is Indicator.MINOR

    async with talking(watched) as api:
        told = await tell(api, LONG, strike)
        assert told.outcomes == ["worker_died", "done"]
    [incident] = seen
    assert (incident.cause, set(incident.components.values())) == (Cause.PROCESS_DIED, {Level.MAJOR})
    assert "SIGKILL" in incident.evidence
    over = ended(watched, incident)
    assert stages(over) == [Stage.DETECTED, Stage.IDENTIFIED, Stage.RECOVERING, Stage.MONITORING, Stage.RESOLVED]
    assert over.toll == Toll(turns=1, chats=1, failed=0, lost=0, people=1)


def test_a_frozen_web_is_an_incident_of_web(watched: Mortal) -> None:
    """It is there, and does not answer; the supervisor ends it, and says that it hung."""
    watched.kill("web", signal.SIGSTOP)
    incident = opened(watched, "web")
    over = ended(watched, incident)
    assert over.cause is Cause.PROCESS_HUNG
    assert set(over.components) == {"web"}


def test_a_web_that_is_restarted_by_its_operator_is_no_incident(watched: Mortal) -> None:
    """It says no while it ends, and nothing while the next one starts: as it was asked to."""
    before = {one.id for one in all_incidents(watched)}
    old = watched.pid("web")
    control.restart(watched.data_dir / "run" / "control.sock", "web", timeout_s=5.0)
    eventually(lambda: watched.pid("web") not in (None, old))
    eventually(lambda: all_well(watched))
    assert {one.id for one in all_incidents(watched)} == before


def test_a_locked_record_is_one_incident_and_names_who_holds_it(watched: Mortal) -> None:
    """Nobody can write: web and workers are well, and nothing has an incident of its own."""
    with (watched.data_dir / "perdure.db-writer").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        incident = opened(watched, "store")
    assert incident.cause is Cause.STORE_LOCKED
    assert f"process {os.getpid()}" in incident.evidence
    over = ended(watched, incident)
    assert [one.id for one in all_incidents(watched) if one.opened_at >= over.opened_at] == [over.id]


def test_a_model_that_is_away_is_an_incident_of_the_model(tmp_path: Path) -> None:
    """Everything else is well, and is told to be."""
    model = ScriptedBackend()
    installation = Mortal(tmp_path / "data", backend_url=model.url)
    installation.start()
    try:
        eventually(lambda: all_well(installation))
        model.close()
        incident = opened(installation, "model")
        assert incident.cause is Cause.BACKEND_AWAY
        told = report(installation)
        assert told is not None
        assert [one.id for one in told.components if one.level.unwell] == ["model"]
        port = int(model.url.rpartition(":")[2].partition("/")[0])
        again = ScriptedBackend(port)
        over = ended(installation, incident)
        assert stages(over)[-1] is Stage.RESOLVED
        again.close()
    finally:
        installation.close()


def test_the_death_of_everything_is_known_afterwards(watched: Mortal) -> None:
    """Nobody was there to see it: it is told once there is, from when to when, and what was open goes on."""
    watched.kill_everything()
    watched.start()
    eventually(lambda: all_well(watched))
    # What is well is known a moment before the supervisor has been asked how old it is.
    [over] = eventually(lambda: [one for one in all_incidents(watched) if one.cause is Cause.STOPPED])
    assert stages(over) == [Stage.DETECTED, Stage.RESOLVED]


def test_a_stop_in_good_order_is_no_incident(watched: Mortal) -> None:
    """Nor is the start after it."""
    before = len(all_incidents(watched))
    watched.stop()
    watched.start()
    eventually(lambda: all_well(watched))
    assert len(all_incidents(watched)) == before


def test_a_health_process_that_dies_goes_on_where_it_was(watched: Mortal) -> None:
    """Its own death is nobody's incident; one that was open is open still."""
    with (watched.data_dir / "perdure.db-writer").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        incident = opened(watched, "store")
        eventually(lambda: incident.id in [one.id for one in kept(watched)])
        watched.kill("health")
        assert opened(watched, "store").id == incident.id
    assert ended(watched, incident).opened_at == incident.opened_at


def all_incidents(installation: Mortal) -> list[Incident]:
    """Everything that the report tells of, open or over."""
    told = eventually(lambda: report(installation))
    return [*told.past, *(one.incident for one in told.incidents)]


def kept(installation: Mortal) -> list[Incident]:
    """What the ledger has of them."""
    ledger = Ledger(installation.data_dir / "health.db")
    try:
        return ledger.incidents(0.0)
    finally:
        ledger.close()


def test_the_operator_writes_into_an_incident_and_plans_work(watched: Mortal) -> None:
    """By the commands, under their name: it stands in what everybody is told at once. What is worked on opens none."""

    def ran(*arguments: str) -> str:
        done = subprocess.run(
            [*perdure(*arguments), "--data-dir", str(watched.data_dir)],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    with (watched.data_dir / "perdure.db-writer").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        incident = opened(watched, "store")
        assert "A backup runs." in ran("incidents", incident.id, "--note", "A backup runs.", "--title", "The backup")
        [told] = [one for one in all_incidents(watched) if one.id == incident.id]
        assert told.headline == "The backup"
        assert [entry.text for entry in told.story if entry.by is not None] == ["A backup runs."]
        assert "There is no incident nowhere" in ran("incidents", "nowhere", "--note", "x")
    ended(watched, incident)
    assert incident.id in ran("incidents")
    planned = ran("maintenance", "--plan", "A new disk", "--on", "store")
    assert "A new disk (store)" in planned
    with (watched.data_dir / "perdure.db-writer").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def worked_on() -> bool:
            report_now = report(watched)
            return report_now is not None and report_now.indicator is Indicator.MAINTENANCE

        eventually(worked_on)
        assert [one for one in all_incidents(watched) if one.open] == []
    assert "Nothing is planned." in ran("maintenance", "--cancel", planned.split()[0])
    eventually(lambda: all_well(watched))
