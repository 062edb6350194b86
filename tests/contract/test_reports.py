"""The store port: what people report, and exceptions that nobody foresaw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.errors import ModelStalled, describe
from perdure.core.records import Report, Unforeseen
from perdure.ports.store import Store

from .samples import T, add_chat, message, uid

pytestmark = pytest.mark.anyio

SEEN = Unforeseen("f" * 16, "ValueError", "perdure.x:f", "web", "Traceback 1", uid("first"), T, T)


def report(name: str, *, text: str | None = None, at: float = T) -> Report:
    """A report of the message `asked`."""
    error = ModelStalled("Silent.", saved=True, error_id=uid("error"))
    tries = [{"n": 1, "outcome": "model_stalled"}]
    return Report(uid(name), uid("chat"), uid("asked"), uid("turn"), error, tries, "Why?", text, at)


async def test_the_same_exception_again_is_counted_and_the_last_one_is_kept(store: Store) -> None:
    """One row for each group, the last seen first; removed, it is counted from one again."""
    other = replace(SEEN, fingerprint="0" * 16, last_at=T + 1)
    again = replace(
        SEEN, process="worker-1", traceback="Traceback 2", error_id=uid("again"), first_at=T + 2, last_at=T + 2
    )
    for one in (SEEN, other, again):
        await store.write(lambda r, one=one: r.unforeseen.note(one))
    assert await store.read(lambda r: r.unforeseen.lately(10)) == [replace(again, first_at=T, times=2), other]
    assert len(await store.read(lambda r: r.unforeseen.lately(1))) == 1
    for _ in range(2):
        await store.write(lambda r: r.unforeseen.remove(SEEN.fingerprint))
    assert await store.read(lambda r: r.unforeseen.lately(10)) == [other]
    await store.write(lambda r: r.unforeseen.note(again))
    assert (await store.read(lambda r: r.unforeseen.lately(1)))[0] == again


async def test_a_report_is_read_as_it_was_made(store: Store) -> None:
    """With its error and attempts; the last one first."""
    first, second = report("first"), report("second", text="What was said.", at=T + 1)
    for one in (first, second):
        await store.write(lambda r, one=one: r.reports.add(one))
    found = await store.read(lambda r: r.reports.lately(10))
    assert [replace(one, error=None) for one in found] == [replace(one, error=None) for one in (second, first)]
    assert found[0].error is not None
    assert second.error is not None
    assert describe(found[0].error) == describe(second.error)
    await store.write(lambda r: r.reports.remove(first.id))
    assert await store.read(lambda r: r.reports.get(first.id)) is None
    assert await store.read(lambda r: r.reports.get(second.id)) is not None


async def test_what_was_erased_is_erased_from_reports_too(store: Store) -> None:
    """Promise 6: a text that its writer has purged is nowhere; the report of it stays."""
    await store.write(lambda r: add_chat(r))
    await store.write(lambda r: r.messages.add([message("asked")]))
    await store.write(lambda r: r.reports.add(report("one", text="What was said.")))
    await store.write(lambda r: r.reports.forget_erased())
    assert (await store.read(lambda r: r.reports.lately(1)))[0].text == "What was said."
    await store.write(lambda r: r.messages.purge(uid("chat"), uid("asked")))
    await store.write(lambda r: r.reports.forget_erased())
    assert (await store.read(lambda r: r.reports.lately(1)))[0].text is None


async def test_what_is_noted_and_reported_is_counted(store: Store) -> None:
    """Groups and what is in them; nothing where nothing is."""
    assert await store.read(lambda r: (r.unforeseen.times(), r.reports.count())) == ({}, 0)
    for one in (SEEN, SEEN, replace(SEEN, fingerprint="0" * 16)):
        await store.write(lambda r, one=one: r.unforeseen.note(one))
    await store.write(lambda r: r.reports.add(report("first")))
    assert await store.read(lambda r: (r.unforeseen.times(), r.reports.count())) == (
        {SEEN.fingerprint: 2, "0" * 16: 1},
        1,
    )
