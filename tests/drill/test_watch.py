"""Takeover times count from the signal to the first character that is really new."""

from __future__ import annotations

from perdure.drill.watch import Source, Watch


def watch(source: Source = Source.ATTEMPT, attempt: int = 1) -> Watch:
    return Watch(1, 0, "turn", source, attempt, struck_at=100.0)


def test_what_was_on_its_way_does_not_count() -> None:
    """Text that was committed before the strike arrives after it, and says nothing about the takeover."""
    struck = watch()
    assert not struck.spoke(100.01)
    struck.attempted(1)
    assert not struck.spoke(100.02)
    struck.attempted(2)
    assert struck.spoke(100.5)
    assert struck.took_s == 0.5


def test_a_connection_has_to_be_new_when_web_was_struck() -> None:
    """Another attempt is then no sign of anything."""
    struck = watch(Source.CONNECTION)
    struck.attempted(2)
    assert not struck.spoke(100.1)
    struck.connected()
    assert struck.spoke(101.0)
    assert struck.took_s == 1.0


def test_a_hiccup_is_no_takeover() -> None:
    """A frozen process that goes on where it was has had nothing taken over."""
    struck = watch()
    struck.thawed()
    struck.spoke(100.3)
    struck.attempted(2)
    assert (struck.took_s is not None, struck.taken_over) == (True, False)


def test_a_reply_that_ends_first_has_no_time() -> None:
    """The strike came too late to touch it."""
    struck = watch()
    struck.ended()
    assert struck.over
    assert struck.took_s is None
