"""What each look finds: with a real record, a real lock, rows as the supervisor gives them, a model that is deaf."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from perdure.core.errors import ModelStalled, PerdureError
from perdure.core.health import Cause, Finding, Level
from perdure.core.traffic import SILENT_S, Moment, Traffic
from perdure.health import looks
from perdure.health.looks.backend import PATIENCE_S, BackendLook
from perdure.health.looks.everyday import ImportLook, SearchLook
from perdure.health.looks.locks import Holder, holders
from perdure.health.looks.processes import ProcessesLook
from perdure.health.looks.store import StoreLook
from perdure.health.looks.web import WebLook
from perdure.store.sqlite import SqliteStore
from tests.records import empty_record

pytestmark = pytest.mark.anyio


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[tuple[SqliteStore, Path]]:
    """A record, and where it is."""
    path = empty_record(tmp_path)
    store = SqliteStore(path)
    yield store, path
    await store.close()


async def until(look: StoreLook, cause: Cause | None) -> Finding:
    """What it finds, once that is of this cause."""
    async with asyncio.timeout(30):
        while (finding := (await look.find())["store"]).cause is not cause:
            await asyncio.sleep(0.01)
    return finding


async def test_a_record_that_is_well(record: tuple[SqliteStore, Path]) -> None:
    look = StoreLook(*record)
    assert await until(look, None) == Finding()


async def test_a_record_whose_writers_wait_names_who_is_in_the_way(record: tuple[SqliteStore, Path]) -> None:
    """By the lock for which Perdure's own writers queue, and by SQLite's own, which others take. And it is well again
    as soon as that is gone.
    """
    store, path = record
    look = StoreLook(store, path)
    await until(look, None)
    with path.with_name("perdure.db-writer").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        finding = await until(look, Cause.STORE_LOCKED)
        assert f"process {os.getpid()} (" in finding.evidence
    await until(look, None)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert holders(path) == [Holder(os.getpid(), Path("/proc/self/comm").read_text().strip())]
    other.execute("ROLLBACK")
    assert holders(path) == []
    other.close()


async def test_a_record_that_is_gone(record: tuple[SqliteStore, Path]) -> None:
    """Its file was taken away under it: what is written now is seen by nobody."""
    store, path = record
    look = StoreLook(store, path)
    await until(look, None)
    path.rename(path.with_name("elsewhere.db"))
    assert (await until(look, Cause.STORE_AWAY)).level is Level.MAJOR


async def test_a_disk_that_is_full(record: tuple[SqliteStore, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything fails, where that can be seen."""
    look = StoreLook(*record)
    monkeypatch.setattr("perdure.health.looks.store.LOW_FREE_BYTES", 2**63)
    assert (await until(look, Cause.STORE_FULL)).level is Level.DEGRADED
    monkeypatch.setattr("perdure.health.looks.store.LEAST_FREE_BYTES", 2**63)
    async with asyncio.timeout(30):
        while (await until(look, Cause.STORE_FULL)).level is not Level.MAJOR:
            await asyncio.sleep(0.01)


async def test_searching_and_importing(record: tuple[SqliteStore, Path], tmp_path: Path) -> None:
    """Well where they are; and an import that has nowhere to put what is uploaded is not."""
    assert (await SearchLook(record[0]).find())["search"] == Finding()
    assert (await ImportLook(tmp_path).find())["import"] == Finding()
    lost = (await ImportLook(tmp_path / "nowhere").find())["import"]
    assert (lost.level, lost.because) == (Level.MAJOR, "store")


class Supervisor:
    """Tells of one worker what it is told to."""

    def __init__(self) -> None:
        self.row: dict[str, Any] = {
            "name": "worker-1", "role": "worker", "pid": 1, "state": "running", "restarts": 0, "deaths": 0,
            "since": 0.0, "silent": False, "needs_operator": False, "last_exit": None,
        }  # fmt: skip
        self.look = ProcessesLook(self._rows, lambda row: str(row["name"]))

    async def _rows(self) -> list[Mapping[str, Any]]:
        return [self.row, {**self.row, "name": "health", "role": "health", "state": "restarting", "deaths": 9}]

    async def finds(self, **now: object) -> Finding:
        self.row |= now
        found = await self.look.find()
        assert set(found) == {"worker-1"}
        return found["worker-1"]


async def test_a_process_that_died_between_two_looks_is_seen() -> None:
    """It runs again already: once it is told, and no more."""
    supervisor = Supervisor()
    assert await supervisor.finds() == Finding()
    died = await supervisor.finds(deaths=1, restarts=1, last_exit="was killed by SIGKILL")
    assert (died.level, died.cause, died.certain) == (Level.MAJOR, Cause.PROCESS_DIED, True)
    assert await supervisor.finds() == Finding()


@pytest.mark.parametrize(
    ("state", "last_exit", "cause"),
    [
        ("hung", None, Cause.PROCESS_HUNG),
        ("restarting", "hung and was killed", Cause.PROCESS_HUNG),
        ("restarting", "exited with status 3", Cause.PROCESS_DIED),
        ("starting", "was killed by SIGKILL", Cause.PROCESS_DIED),
        ("restarting", "held 2100 MiB of memory, of 2048 allowed, and was ended", Cause.MEMORY),
    ],
)
async def test_a_process_that_is_away_is_told_by_how_it_ended(state: str, last_exit: str | None, cause: Cause) -> None:
    supervisor = Supervisor()
    await supervisor.finds()
    finding = await supervisor.finds(state=state, deaths=1, last_exit=last_exit)
    assert (finding.level, finding.cause) == (Level.MAJOR, cause)
    assert supervisor.look.healing()["worker-1"].text == "worker-1 is being started again."


async def test_a_process_that_is_silent_is_told_before_it_is_killed() -> None:
    """And as well again once it is heard."""
    supervisor = Supervisor()
    finding = await supervisor.finds(silent=True)
    assert (finding.level, finding.cause, finding.certain) == (Level.MAJOR, Cause.PROCESS_HUNG, True)
    assert await supervisor.finds(silent=False) == Finding()


async def test_a_restart_that_was_asked_for_is_nobodys_fault() -> None:
    """Nor is the first start."""
    supervisor = Supervisor()
    assert await supervisor.finds(state="starting") == Finding()
    assert await supervisor.finds(state="running") == Finding()
    for state in ("restarting", "starting", "running", "stopping"):
        assert await supervisor.finds(state=state, restarts=1, last_exit="exited with status 0") == Finding()
        assert await supervisor.look.is_asked_to_restart("worker-1") is (state != "running")
    await supervisor.finds(state="starting", deaths=1, last_exit="was killed by SIGKILL")
    assert not await supervisor.look.is_asked_to_restart("worker-1")


async def test_a_crash_loop_is_told_as_one_and_exhausted() -> None:
    supervisor = Supervisor()
    await supervisor.finds()
    finding = await supervisor.finds(state="escalated", deaths=9, needs_operator=True, last_exit="exited with status 1")
    assert finding.cause is Cause.CRASH_LOOP
    assert supervisor.look.healing()["worker-1"].exhausted


@pytest.mark.parametrize("excused", [True, False])
async def test_a_web_that_was_asked_to_end_may_say_no(excused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or nothing. Whoever does so unasked is broken; the record's failure is told as the record's."""
    monkeypatch.setattr(looks.web, "PATIENCE_S", 0.2)

    async def ready(request: web.Request) -> web.Response:
        if "code" not in request.query:
            await asyncio.sleep(60.0)
        return web.json_response({"code": request.query["code"]}, status=503)

    async def asked() -> bool:
        return excused

    app = web.Application()
    app.router.add_get("/readyz", ready)
    async with ClientSession() as session:
        async with TestServer(app) as server:
            url = str(server.make_url("/readyz"))
            for code, because in (("restarting", None), ("store_unavailable", "store")):
                found = await WebLook(f"{url}?code={code}", session, asked).find()
                broken = Finding(Level.MAJOR, Cause.FAILING, f"It answers with status 503 ({code}).", because=because)
                assert found == {"web": Finding() if excused else broken}
            hangs = await WebLook(url, session, asked).find()
            assert hangs["web"].cause is (None if excused else Cause.NO_ANSWER)
        gone = await WebLook(url, session, asked).find()
        assert gone["web"].cause is (None if excused else Cause.NO_ANSWER)


class Model:
    """A model whose server says of itself what it is told to, and answers or not."""

    def __init__(self) -> None:
        self.state = "ready"
        self.problem: PerdureError | None = None
        self.asked = 0
        self.now = 1000.0
        self.traffic = Traffic()
        self.works = False
        self.look = BackendLook(self._stands, self._speaks, self.traffic, lambda: self.works, now=lambda: self.now)

    async def _stands(self) -> Mapping[str, Any]:
        return {"state": self.state, "detail": f"It is {self.state}."}

    async def _speaks(self) -> PerdureError | None:
        self.asked += 1
        return self.problem

    async def finds(self) -> Finding:
        """The second look has the answer to what the first one asked."""
        await self.look.find()
        await asyncio.sleep(0)
        return (await self.look.find())["model"]

    def says(self, kind: str, view: Mapping[str, Any] | None = None) -> None:
        self.traffic.take(Moment(1, self.now, kind, "chat", "turn", "message", view))


RUNNING = {"state": "running", "attempts": [{"n": 1, "outcome": None}], "error": None, "trouble": None}


async def test_a_model_that_loads_for_the_first_time_is_no_outage() -> None:
    """Later it is: somebody was talking with it."""
    model = Model()
    model.state = "loading"
    assert (await model.finds()).level is Level.MAINTENANCE
    model.state = "ready"
    assert (await model.finds()).level is Level.OPERATIONAL
    model.state = "loading"
    assert (await model.finds()).level is Level.MAJOR
    model.state = "down"
    assert (await model.finds()).cause is Cause.BACKEND_AWAY


async def test_a_model_that_answers_health_checks_and_no_requests_is_found_out() -> None:
    """A reply does not begin; asked for a word it says none. Once it speaks, whoever has asked, it is believed."""
    model = Model()
    model.says("turn", RUNNING)
    assert await model.finds() == Finding()
    assert model.asked == 0
    model.now += SILENT_S
    model.problem = ModelStalled("The model said nothing for 10 seconds.")
    finding = await model.finds()
    assert (finding.level, finding.cause) == (Level.MAJOR, Cause.BACKEND_DEAF)
    model.says("delta")
    assert await model.finds() == Finding()


async def test_a_slow_reply_of_a_model_that_speaks_is_no_outage() -> None:
    """It has a long prompt to read: asked for a word it says one."""
    model = Model()
    model.says("turn", RUNNING)
    model.now += SILENT_S
    assert await model.finds() == Finding()
    assert model.asked >= 1


async def test_a_model_that_reads_a_long_prompt_is_not_deaf() -> None:
    """It takes the processor and says no word to others; it may, for as long as an attempt would wait for it."""
    model = Model()
    model.says("turn", RUNNING)
    model.problem = ModelStalled("The model said nothing for 10 seconds.")
    model.works = True
    model.now += PATIENCE_S - 1.0
    assert await model.finds() == Finding()
    assert model.asked == 0
    model.now += 1.0
    assert (await model.finds()).cause is Cause.BACKEND_DEAF


async def test_a_model_that_takes_its_time_usually_may_take_it() -> None:
    """What is late for one is early for another: nobody is asked for a word before that."""
    model = Model()
    model.traffic.usual_first_s = SILENT_S
    model.says("turn", RUNNING)
    model.now += 3 * SILENT_S
    await model.finds()
    assert model.asked == 0
    model.now += SILENT_S
    await model.finds()
    assert model.asked == 1


async def test_what_failed_while_it_was_deaf_is_past_once_it_is_heard() -> None:
    """Nobody has asked it meanwhile, so there is no reply yet that says so."""
    model = Model()
    model.says("turn", RUNNING)
    model.now += SILENT_S
    model.problem = ModelStalled("The model said nothing for 10 seconds.")
    assert (await model.finds()).cause is Cause.BACKEND_DEAF
    for n in range(1, 4):
        error = {"fault": "model", "code": "model_stalled"}
        attempt = {"n": n, "outcome": "model_stalled"}
        model.says("turn", {"state": "running", "attempts": [{**attempt, "outcome": None}], "error": None})
        model.says("turn", {"state": "queued", "attempts": [attempt], "error": None, "trouble": error})
    assert (await model.finds()).cause is Cause.BACKEND_DEAF
    model.says("turn", {"state": "running", "attempts": [{"n": 4, "outcome": None}], "error": None})
    model.now += 1.0
    model.problem = None
    assert await model.finds() == Finding()
    model.now += 20.0
    attempt = {"n": 4, "outcome": "model_stalled"}
    model.says("turn", {"state": "queued", "attempts": [attempt], "error": None, "trouble": error})
    assert not model.traffic.ended
