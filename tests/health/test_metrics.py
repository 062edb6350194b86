"""What the health process counts is right over its own deaths, over mended mistakes, and over merged incidents."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from perdure.bootstrap.usage import use_of
from perdure.core.health import Cause
from perdure.core.incidents import Incident, Stage
from perdure.core.traffic import Ended, Moment
from perdure.core.views import instant
from perdure.health.counted import Counted
from perdure.health.gauges import IncidentCount
from perdure.health.samples import Samples, sample
from perdure.store.sqlite import SqliteStore

OPEN = Incident("one", "model", Cause.BACKEND_AWAY, 100.0)


def done(at: float) -> Moment:
    """A turn's end."""
    view = {"state": "done", "created_at": instant(at - 3), "offset": 5, "attempts": [{"n": 1}]}
    return Moment(1, at, "turn", "chat", "turn", "message", view)


def test_what_was_counted_before_is_not_counted_again() -> None:
    """The log is read from further back than this life reaches, to know what is on its way."""
    registry = CollectorRegistry()
    counted = Counted(registry)
    ended = Ended(100.0, "done", None, None)
    counted.take(done(100.0), ended, new=False)
    assert registry.get_sample_value("perdure_turns_total", {"state": "done"}) == 0
    counted.take(done(110.0), ended, new=True)
    assert registry.get_sample_value("perdure_turns_total", {"state": "done"}) == 1
    assert registry.get_sample_value("perdure_attempts_total", {"outcome": "done", "fault": "none"}) == 1
    assert registry.get_sample_value("perdure_reply_seconds_sum") == pytest.approx(3.0)


def test_whose_fault_an_attempt_was_is_told() -> None:
    """A worker's death is the server's, although no error of the tree names it."""
    registry = CollectorRegistry()
    counted = Counted(registry)
    for outcome, fault in (("worker_died", None), ("model_stalled", "model"), ("released", None)):
        counted.take(done(100.0), Ended(100.0, outcome, fault, None), new=True)
    for labels in (("worker_died", "server"), ("model_stalled", "model"), ("released", "none")):
        named = dict(zip(("outcome", "fault"), labels, strict=True))
        assert registry.get_sample_value("perdure_attempts_total", named) == 1, labels


def test_an_incident_counts_once_and_under_its_cause() -> None:
    """Not before that is known, not again when it is over, not where it was another one all along."""
    count = IncidentCount({"before"})
    count.look([replace(OPEN, id="before"), replace(OPEN, cause=None)])
    assert not count.by_cause
    over = replace(OPEN, stage=Stage.RESOLVED, resolved_at=110.0)
    for incident in (OPEN, over, replace(over, id="merged", merged_into="one")):
        count.look([incident])
    assert count.by_cause == {"backend_away": 1}
    count.look([replace(over, id="two", cause=None)])
    assert count.by_cause == {"backend_away": 1, "unknown": 1}


@pytest.mark.anyio
async def test_a_mistake_that_is_marked_as_mended_takes_nothing_from_the_count(tmp_path: Path) -> None:
    """A counter never falls; what was there before this process began is not its to tell."""
    store = SqliteStore(tmp_path / "none.db")
    samples = Samples(store, tmp_path / "none.db", lambda: (), use_of)
    counts = []
    for times in ({"a": 7}, {"a": 9, "b": 1}, {"b": 1}, {"a": 1, "b": 1}):
        samples.seen(times)
        counts.append(samples.unforeseen)
    assert counts == [0, 3, 3, 4]
    await store.close()


def test_a_process_that_is_gone_and_a_record_that_is_away_are_left_out(tmp_path: Path) -> None:
    """What cannot be known is not told as zero."""
    found = sample({"me": os.getpid(), "gone": 2**22 + 1}, tmp_path / "perdure.db", use_of)
    assert found.uses.keys() == {"me"}
    assert found.uses["me"].resident_bytes > 2**20
    assert found.uses["me"].cpu_s > 0
    assert found.store_bytes is None
    assert found.disk_free_bytes
    (tmp_path / "perdure.db").write_bytes(b"12345")
    (tmp_path / "perdure.db-wal").write_bytes(b"678")
    assert sample({}, tmp_path / "perdure.db", use_of).store_bytes == 8
