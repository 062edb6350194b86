"""One trace for each turn, from its request to its end, across processes and deaths; and never in a reply's way."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from perdure.client.shapes import Turn
from tests.http.asking import asking
from tests.http.installation import ScriptedBackend, environment, eventually, perdure
from tests.process.collector import Collector, Span, collecting
from tests.process.conversing import Mortal, signalled, talking, tell

pytestmark = pytest.mark.anyio

SECRET = "The lighthouse keeper's name is Perpetua"
"""What nobody but the two who talk should ever see."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """Where all traces of these tests go."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(
    backend: ScriptedBackend, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mortal]:
    """A Perdure whose turns are traced."""
    folder = tmp_path_factory.mktemp("traced") / "data"
    installation = Mortal(folder, backend_url=backend.url, otlp_endpoint=collector.url, stall_s=1, first_token_s=3)
    installation.start()
    yield installation
    installation.close()
    assert "Traceback" not in installation.log()


def whole(collector: Collector, turn_id: str, attempts: int) -> Sequence[Span]:
    """The turn's trace, once its end and that many attempts have come."""

    def complete() -> list[Span] | None:
        spans = collector.of(turn_id)
        names = [span.name for span in spans]
        first = any(not span.parent for span in spans)
        return spans if first and "end" in names and names.count("attempt") == attempts else None

    return eventually(complete)


def named(spans: Sequence[Span], name: str) -> list[Span]:
    """Those of that name."""
    return [span for span in spans if span.name == name]


async def test_a_reply_that_is_taken_over_is_one_trace(traced: Mortal, collector: Collector) -> None:
    """The worker that was killed cannot tell of its attempt; who goes on says so, in the same trace."""
    async with talking(traced) as api:
        told = await tell(api, f"{SECRET} [[tokens=60 interval=0.02]]", signalled(traced, signal.SIGKILL))
    assert told.outcomes == ["worker_died", "done"]
    dead, survivor = (attempt["worker"] for attempt in told.turn["attempts"])
    spans = await asyncio.to_thread(whole, collector, told.turn["id"], 1)

    [root] = [span for span in spans if not span.parent]
    assert root.name == "PUT /api/v1/chats/{chat_id}/messages/{message_id}"
    assert root.process == "web"
    assert {span.parent for span in spans if span is not root} == {root.id}
    assert {span.attributes["perdure.turn"] for span in spans} == {told.turn["id"]}

    [attempt] = named(spans, "attempt")
    assert attempt.process == attempt.attributes["perdure.worker"] == survivor != dead
    assert (attempt.attributes["perdure.attempt"], attempt.attributes["perdure.outcome"]) == (2, "done")
    assert attempt.attributes["perdure.taken_over_from"] == dead
    [(trace, first_attempt, how)] = attempt.links
    assert (trace, how) == (attempt.trace, {"perdure.worker": dead, "perdure.outcome": "worker_died"})
    assert first_attempt not in {span.id for span in spans}
    assert attempt.begun_ns <= attempt.events["first token"] <= attempt.ended_ns

    assert survivor in {span.process for span in named(spans, "wait")}
    [end] = named(spans, "end")
    assert (end.process, end.attributes["perdure.turn.state"]) == (survivor, "done")
    assert end.attributes["perdure.reply.characters"] == len(told.text)
    assert root.begun_ns <= root.ended_ns
    assert root.begun_ns < attempt.begun_ns < end.begun_ns == attempt.ended_ns


async def test_a_failed_attempt_is_told_with_its_code_and_the_next_one_behind_it(
    traced: Mortal, collector: Collector
) -> None:
    """Two spans whose ids follow from the turn: the second one's link is the first one's id."""
    async with talking(traced) as api:
        told = await tell(api, f"Stall. {SECRET} [[tokens=20 interval=0.01 stall_after=5 times=1]]")
    assert told.outcomes == ["model_stalled", "done"]
    spans = await asyncio.to_thread(whole, collector, told.turn["id"], 2)
    first, second = sorted(named(spans, "attempt"), key=lambda span: str(span.attributes["perdure.attempt"]))
    assert (first.failed, first.attributes["error.type"]) == (True, "model_stalled")
    assert not second.failed
    assert [link[1] for link in second.links] == [first.id]
    assert "perdure.taken_over_from" not in second.attributes


async def test_a_stop_ends_the_trace_from_web(traced: Mortal, collector: Collector) -> None:
    """Whoever ends a turn tells of its end, once."""

    async def strike(turn: Turn) -> None:
        async with talking(traced) as api:
            await api.stop(turn["id"])
            await api.stop(turn["id"])

    async with talking(traced) as api:
        told = await tell(api, "Long. [[tokens=400 interval=0.02]]", strike)
    spans = await asyncio.to_thread(whole, collector, told.turn["id"], 1)
    [end] = named(spans, "end")
    assert (end.process, end.attributes["perdure.turn.state"]) == ("web", "stopped")
    [attempt] = named(spans, "attempt")
    assert attempt.attributes["perdure.outcome"] == "stopped"
    assert not attempt.failed


async def test_the_clients_own_trace_is_a_link(traced: Mortal, collector: Collector) -> None:
    """Its trace stays its own, since the turn's has the turn's id. Rubbish in the header is nobody's trouble."""
    theirs, span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    async with asking(traced.url) as ask:
        for header in (f"00-{theirs}-{span_id}-01", "rubbish"):
            chat = await ask.chat()
            path = f"/api/v1/chats/{chat}/messages/{chat[:-1]}0"
            body: dict[str, Any] = {"text": f"{SECRET} [[tokens=2]]"}
            answer = await ask("PUT", path, json=body, headers={"traceparent": header})
            assert answer.status == 201
            turn = await ask.ended(answer.json["turn"]["id"])
            assert (await ask("PUT", path, json=body, headers={"traceparent": header})).status == 200
            spans = await asyncio.to_thread(whole, collector, turn["id"], 1)
            [root] = [span for span in spans if not span.parent]
            assert root.links == ([] if header == "rubbish" else [(theirs, span_id, {})])


async def test_no_trace_holds_what_was_said(traced: Mortal, collector: Collector) -> None:
    """Spans hold ids, names of processes and codes."""
    async with talking(traced) as api:
        told = await tell(api, f"{SECRET} [[tokens=3]]")
    await asyncio.to_thread(whole, collector, told.turn["id"], 1)
    assert not any(b"Perpetua" in body or told.text.encode() in body for body in collector.raw)


async def test_a_collector_that_is_away_is_nobodys_trouble(traced: Mortal, collector: Collector) -> None:
    """Replies come, are not told of later, and the log says so once for each process, not with each batch."""
    collector.status = 503
    try:
        async with talking(traced) as api:
            for _ in range(5):
                assert (await tell(api, "Hello. [[tokens=3]]")).outcomes == ["done"]
    finally:
        collector.status = 200
    async with talking(traced) as api:
        told = await tell(api, "Hello. [[tokens=3]]")
    await asyncio.to_thread(whole, collector, told.turn["id"], 1)


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    """Neither by web nor by a worker: it would cost each of them time and memory. (FastAPI looks for the bare API.)"""
    program = """
import sys
import perdure.bootstrap.web, perdure.bootstrap.worker, perdure.bootstrap.serve, perdure.bootstrap.health
from perdure.bootstrap.tracing import tracing_of
from perdure.config import Settings
from perdure.ports.tracing import NO_TRACING
OURS = "opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto", "perdure.traces", "requests"
assert tracing_of(Settings(), "web") is NO_TRACING
print([name for name in sys.modules if name.startswith(OURS)])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_address_without_the_packages_is_refused_at_the_start(tmp_path: Path) -> None:
    """In a sentence that says what to install."""
    (tmp_path / "opentelemetry.py").write_text("")  # in the way of the real one
    given = environment(data_dir=tmp_path / "data", port=0, otlp_endpoint="http://127.0.0.1:4318")
    given["PYTHONPATH"] = f"{tmp_path}:{given['PYTHONPATH']}"
    done = subprocess.run(perdure("serve"), env=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "perdure[otel]" in done.stderr
