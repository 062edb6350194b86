"""What a scrape of a running Perdure tells, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.http.asking import Asking, asking
from tests.http.installation import DEADLINE_S, Installation, ScriptedBackend, running

pytestmark = pytest.mark.anyio

MESSAGE_ROUTE = "/api/v1/chats/{chat_id}/messages/{message_id}"
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(ask: Asking) -> Values:
    """Every series and its value."""
    answer = await ask("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(values: Values, name: str, /, **labels: str) -> float:
    """One of them; 0 where it is not there yet."""
    return values.get((name, frozenset(labels.items())), 0.0)


async def until(ask: Asking, name: str, least: float, /, **labels: str) -> Values:
    """A scrape in which that series has come so far."""
    async with asyncio.timeout(DEADLINE_S):
        while value(values := await scraped(ask), name, **labels) < least:
            await asyncio.sleep(0.1)
    return values


@pytest.fixture
def quiet(tmp_path: Path, backend: ScriptedBackend) -> Iterator[Installation]:
    """A Perdure in which nobody else says anything."""
    yield from running(Installation(tmp_path / "data", backend_url=backend.url, workers=1))


async def test_a_reply_is_counted_once_from_its_request_to_its_last_character(quiet: Installation) -> None:
    """By web the request, by the health process all that workers did."""
    async with asking(quiet.url) as ask:
        before = await until(ask, "perdure_health_up", 1)
        turn = await ask.told(await ask.chat(), "Hello. [[tokens=4]]")
        ended = value(before, "perdure_turns_total", state="done") + 1
        after = await until(ask, "perdure_turns_total", ended, state="done")

        def grown(name: str, /, **labels: str) -> float:
            return value(after, name, **labels) - value(before, name, **labels)

        assert grown("perdure_http_requests_total", route=MESSAGE_ROUTE, method="PUT", status="2xx") == 1
        assert grown("perdure_http_request_seconds_count", route=MESSAGE_ROUTE, method="PUT") == 1
        assert grown("perdure_attempts_total", outcome="done", fault="none") == 1
        assert grown("perdure_first_token_seconds_count") == grown("perdure_reply_seconds_count") == 1
        assert 0 < grown("perdure_first_token_seconds_sum") <= grown("perdure_reply_seconds_sum")
        assert grown("perdure_reply_characters_total") == turn["offset"]


async def test_the_long_way_of_a_message_is_the_same_route(ask: Asking) -> None:
    """What the short cut does not take is counted under the name of what it does take."""
    before = await scraped(ask)
    chat = await ask.chat()
    refused = await ask.say(chat, "")
    assert refused.status == 422
    after = await scraped(ask)
    labels = {"route": MESSAGE_ROUTE, "method": "PUT", "status": "4xx"}
    requests = "perdure_http_requests_total"
    assert value(after, requests, **labels) == value(before, requests, **labels) + 1


async def test_an_open_stream_is_seen_and_gone_when_it_ends(ask: Asking) -> None:
    before = value(await scraped(ask), "perdure_event_streams")
    async with ask.follow(await ask.chat()):
        assert value(await until(ask, "perdure_event_streams", before + 1), "perdure_event_streams") == before + 1
    async with asyncio.timeout(DEADLINE_S):
        while value(await scraped(ask), "perdure_event_streams") != before:
            await asyncio.sleep(0.05)


async def test_nobody_can_make_up_a_label(ask: Asking) -> None:
    """Paths, methods and names of people's own making do not become series."""
    for n in range(5):
        await ask("GET", f"/made-up-path-{n}")
        await ask("GET", f"/api/v1/chats/made-up-chat-{n}")
        await ask("GET", f"/assets/made-up-asset-{n}")
        await ask("PROPFIND", f"/api/v1/made-up-method-{n}")
        await ask("GET", "/", headers={"Host": f"made-up-host-{n}"})
    series = await scraped(ask)
    assert not [labels for _, labels in series if any("made-up" in text for _, text in labels)]
    assert not [labels for _, labels in series if ("method", "PROPFIND") in labels]
    assert value(series, "perdure_http_requests_total", route="none", method="GET", status="4xx") >= 5


async def test_each_process_is_told_with_its_memory(ask: Asking, installation: Installation) -> None:
    """By the names of the supervisor's list, its own among them."""
    names = {row["name"] for row in installation.processes()}
    values = await until(ask, "perdure_process_resident_bytes", 1, name="worker-1")
    for name in names:
        assert value(values, "perdure_process_running", name=name) == 1, name
    assert value(values, "perdure_process_cpu_seconds_total", name="web") > 0
    assert value(values, "perdure_store_bytes") > 0
    assert value(values, "perdure_disk_free_bytes") > 0


async def test_the_metrics_want_the_token(guarded: Installation, token: str) -> None:
    async with asking(guarded.url) as client:
        (await client("GET", "/metrics")).problem(401, "access_token_required")
        answer = await client("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200
