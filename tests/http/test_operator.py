"""What the operator does is in force at once and remembered; what they see is true."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from perdure.engine import orders
from perdure.store.sqlite import SqliteStore
from tests.http.asking import Answer, Asking, asking, new_id
from tests.http.installation import DEADLINE_S, Installation, eventually

pytestmark = pytest.mark.anyio

ACTS = "/api/v1/operator/acts"
SLOW = "slow [[tokens=200 interval=0.02]]"


@pytest.fixture
async def ask(operated: Installation) -> AsyncIterator[Asking]:
    async with asking(operated.url) as asked:
        yield asked


async def act(ask: Asking, kind: str, **members: object) -> Answer:
    return await ask("POST", ACTS, json={"kind": kind, "name": "Ada", **members})


async def overview(ask: Asking) -> dict[str, Any]:
    seen: dict[str, Any] = await ask.get("/api/v1/operator/overview")
    return seen


async def soon(look: Callable[[], Awaitable[Any]]) -> Any:
    """The first true answer."""
    async with asyncio.timeout(DEADLINE_S):
        while not (seen := await look()):
            await asyncio.sleep(0.05)
        return seen


async def said(ask: Asking, first: str) -> Any:
    """The last act that begins so, once it is written down."""

    async def look() -> Any:
        acts = (await ask.get(ACTS))["acts"]
        return next((one for one in acts if one["act"].startswith(first)), None)

    return await soon(look)


async def test_what_waits_for_a_deaf_backend_is_told_so(ask: Asking, operated: Installation) -> None:
    """Its health checks are well, and no worker asks it: that is told as the model's trouble."""
    store = SqliteStore(operated.data_dir / "perdure.db")
    await store.write(lambda r: orders.shun(r, time.time() + 60.0, time.time()))
    turn = (await ask.said(await ask.chat(), "Is anybody there?"))["turn"]
    waits = await ask.get(f"/api/v1/turns/{turn['id']}/wait")
    assert (waits["waiting_for"], waits["trouble"]["code"]) == ("model", "model_unreachable")
    assert (await ask.turn(turn["id"]))["waiting_for"] == "model"
    await store.write(lambda r: orders.shun(r, None, time.time()))
    await store.close()
    assert (await ask.ended(turn["id"]))["state"] == "done"


async def test_a_drained_server_finishes_what_it_writes_and_takes_up_the_rest_afterwards(ask: Asking) -> None:
    """A message is taken in meanwhile, and what it waits for is told as what it is."""
    first = (await ask.said(await ask.chat(), SLOW))["turn"]

    async def writes() -> bool:
        return any(one["id"] == first["id"] and one["worker"] for one in (await overview(ask))["turns"])

    await soon(writes)
    assert (await act(ask, "drain", on=True)).status == 200
    second = (await ask.said(await ask.chat(), "Hello"))["turn"]
    assert (await ask.ended(first["id"]))["state"] == "done"
    waits = await ask.get(f"/api/v1/turns/{second['id']}/wait")
    assert (waits["waiting_for"], waits["trouble"]) == ("operator", None)
    seen = await overview(ask)
    assert seen["drain"]["by"] == "Ada"
    assert [(one["id"], one["worker"]) for one in seen["turns"]] == [(second["id"], None)]
    await act(ask, "drain", on=False)
    assert (await ask.ended(second["id"]))["state"] == "done"
    assert (await said(ask, "drain no more"))["by"] == "Ada (127.0.0.1, loopback)"


async def test_a_paused_intake_refuses_what_is_new_and_nothing_else(ask: Asking) -> None:
    """The same message goes in afterwards; one that was in before is answered as before."""
    chat, before, message = await ask.chat(), new_id(), new_id()
    assert (await ask.say(chat, "before", before, reply=False)).status == 201
    await act(ask, "pause", on=True)
    refused = (await ask.say(chat, "later", message)).problem(503, "intake_paused")
    assert (refused["fault"], refused["saved"]) == ("server", False)
    assert refused["retry_after_s"] >= 5
    assert (await ask.say(chat, "before", before, reply=False)).status == 200

    async def told() -> bool:
        page = await ask("GET", "/status")
        return b"New messages are not taken just now" in page.content

    await soon(told)
    await act(ask, "pause", on=False)
    assert (await ask.say(chat, "later", message)).status == 201


async def test_a_backend_under_maintenance_is_told_as_that(ask: Asking) -> None:
    """To pages, to whoever waits, and on the status page: its component is under maintenance, and nothing is broken."""
    await act(ask, "maintain", on=True)
    assert (await ask.get("/api/v1/status"))["backend"]["state"] == "maintenance"
    turn = (await ask.said(await ask.chat(), "Hello"))["turn"]

    async def shown() -> Any:
        seen = await overview(ask)
        levels = {one["id"]: one["level"] for one in seen["components"]}
        return seen if levels.get("model") == "under_maintenance" else None

    seen = await soon(shown)
    assert seen["incidents"] == []
    assert (seen["backends"][0]["id"], seen["backends"][0]["maintenance"]["by"]) == ("default", "Ada")
    assert (await ask.get(f"/api/v1/turns/{turn['id']}"))["waiting_for"] == "operator"
    await act(ask, "maintain", on=False)
    assert (await ask.ended(turn["id"]))["state"] == "done"


async def test_orders_outlive_the_processes(ask: Asking, operated: Installation) -> None:
    await act(ask, "pause", on=True)
    old = operated.pid("web")
    assert (await act(ask, "restart", process="web")).status == 200
    await asyncio.to_thread(eventually, lambda: operated.pid("web") not in (None, old))
    async with asking(operated.url) as again:
        (await again.say(await again.chat(), "Hello")).problem(503, "intake_paused")
        await act(again, "pause", on=False)
        assert (await said(again, "restart web"))["by"].startswith("Ada (")


async def test_a_worker_is_restarted_by_its_name(ask: Asking, operated: Installation) -> None:
    """It is a process like any other afterwards, which uses memory; there is no other of a name that is none."""
    old = operated.pid("worker-1")
    assert (await act(ask, "restart", process="worker-1")).status == 200
    await asyncio.to_thread(eventually, lambda: operated.pid("worker-1") not in (None, old))
    row = next(one for one in (await overview(ask))["processes"] if one["name"] == "worker-1")
    assert (row["restarts"], row["deaths"], row["needs_operator"]) == (1, 0, False)
    assert row["memory_bytes"] > 2**20
    (await act(ask, "restart", process="worker-77")).problem(404, "not_found")


async def test_work_is_planned_changed_and_cancelled(ask: Asking) -> None:
    times = {"begins_at": "2099-01-01T10:00:00Z", "ends_at": "2099-01-01T11:00:00+00:00"}
    planned = (await act(ask, "plan", title="New disk", components=["store"], **times)).json["id"]
    later = {**times, "ends_at": "2099-01-01T12:00:00Z"}
    changed = await act(ask, "change", maintenance=planned, title="Newer disk", components=["store", "web"], **later)
    assert changed.json["id"] == planned
    [one] = [one for one in (await overview(ask))["maintenance"] if one["id"] == planned]
    assert (one["title"], one["components"], one["state"]) == ("Newer disk", ["store", "web"], "upcoming")
    assert one["ends_at"] == "2099-01-01T12:00:00.000Z"
    await act(ask, "cancel", maintenance=planned)
    listed = (await ask.get("/api/v1/operator/maintenance"))["maintenance"]
    assert [one["state"] for one in listed if one["id"] == planned] == ["cancelled"]
    (await act(ask, "cancel", maintenance=planned)).problem(422, "invalid")


async def test_a_drill_is_had_beside_the_server_and_tells_how_it_went(ask: Asking, operated: Installation) -> None:
    """One at a time; it takes the processor last, and its verdict stays. One that is ended says so."""
    before = [row["pid"] for row in operated.processes()]
    assert (await act(ask, "drill", on=True, kills=1)).status == 200
    (await act(ask, "drill", on=True, kills=1)).problem(422, "invalid")

    async def over() -> Any:
        drill = (await overview(ask))["drill"]
        return drill if drill and drill["state"] != "running" else None

    drill = await soon(over)
    assert (drill["state"], drill["struck"], drill["findings"], drill["by"]) == ("held", 1, [], "Ada")
    assert drill["messages"] > 0
    assert [row["pid"] for row in operated.processes()] == before

    async def refused() -> bool:
        return (await act(ask, "drill", on=False)).status == 422

    await soon(refused)
    await act(ask, "drill", on=True, kills=200)
    await act(ask, "drill", on=False)
    assert (await soon(over))["state"] == "cancelled"


async def test_load_and_latency_are_told(ask: Asking) -> None:
    """Of this very minute; and what is written down more coarsely says the same."""
    turn = (await ask.said(await ask.chat(), "Hello"))["turn"]
    await ask.ended(turn["id"])

    async def counted(span: str) -> tuple[int, list[float]]:
        samples = (await ask.get(f"/api/v1/operator/load?span={span}"))["samples"]
        firsts = [one["first_p50_s"] for one in samples if one["first_p50_s"] is not None]
        return sum(one["done"] for one in samples), firsts

    async def same() -> list[float]:
        """How soon replies began, once both say the same; a minute in which none began says nothing of it."""
        day, month = await counted("day"), await counted("month")
        return day[1] if day[0] == month[0] > 0 and month[1] else []

    assert min(await soon(same)) >= 0.0


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "dance"},
        {"kind": "drain"},
        {"kind": "drain", "on": "yes"},
        {"kind": "plan", "title": "x", "components": ["moon"], "begins_at": "2099-01-01", "ends_at": "2099-01-02"},
        {"kind": "note", "incident": "none", "text": "x"},
        {"kind": "restart", "process": "web\nrestart worker-1"},
    ],
    ids=lambda body: str(body["kind"]),
)
async def test_nonsense_changes_nothing(ask: Asking, body: dict[str, Any]) -> None:
    before = await ask.get(ACTS)
    answer = await ask("POST", ACTS, json=body)
    assert answer.problem(answer.status, answer.json["code"])["fault"] == "client"
    seen = await overview(ask)
    assert (seen["drain"], seen["pause"], await ask.get(ACTS)) == (None, None, before)


async def test_a_page_from_elsewhere_cannot_act(ask: Asking) -> None:
    """Nor can anybody without the token, where there is one: see the tests of the guard."""
    headers = {"Origin": "http://evil.example"}
    (await ask("POST", ACTS, json={"kind": "drain", "on": True}, headers=headers)).problem(403, "not_allowed")
    assert (await overview(ask))["drain"] is None
