"""What a reader of a reply is given: each character once, whatever comes again, in whatever pieces."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perdure.client.reply_view import ReplyView


def turn(text: str, state: str, outcomes: tuple[str | None, ...] = ()) -> dict[str, Any]:
    """A turn event's data."""
    attempts = [{"outcome": outcome} for outcome in outcomes]
    return {"id": "T", "state": state, "text": text, "error": None, "waiting_for": None, "attempts": attempts}


def message(text: str, state: str, author: str = "Ada") -> dict[str, Any]:
    """A message event's data."""
    return {"id": "M", "text": text, "state": state, "error": None, "author": author}


@given(st.text(max_size=30), st.data())
def test_each_character_is_given_out_once(text: str, data: st.DataObject) -> None:
    """Deltas that repeat or leave gaps, snapshots and other turns' events in any order: the end makes it whole."""
    view, shown = ReplyView("T", "M"), ""
    for _ in range(data.draw(st.integers(0, 12))):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        kind, event = data.draw(
            st.sampled_from([
                ("delta", {"turn_id": "T", "offset": start, "text": text[start:end]}),
                ("delta", {"turn_id": "other", "offset": 0, "text": "not mine"}),
                ("turn", turn(text[:end], "running")),
                ("turn", {**turn("not mine", "done"), "id": "other"}),
                ("message", message("", "running")),
                ("message", {**message("not mine", "done"), "id": "other"}),
                ("head", {"head_id": "M"}),
            ])
        )  # fmt: skip
        shown += view.see(kind, event)
        assert text.startswith(shown)
        assert not view.ended
    last = data.draw(st.sampled_from([("turn", turn(text, "done")), ("message", message(text, "done"))]))
    shown += view.see(*last)
    assert shown == text == view.shown
    assert view.ended
    assert view.see("delta", {"turn_id": "T", "offset": 0, "text": text + "more"}) == ""


def test_a_reply_is_its_messages_authors() -> None:
    """Nobody else's message, and no turn, tells who speaks."""
    view = ReplyView("T", "M")
    view.see("message", {**message("", "done", "Somebody Else"), "id": "other"})
    view.see("turn", turn("", "queued"))
    assert view.author is None
    view.see("message", message("", "queued", "Grace"))
    assert view.author == "Grace"


def test_handovers_are_attempts_that_ended_early() -> None:
    """The one that ended the turn, and the one at work, are none."""
    view = ReplyView("T", "M")
    view.see("turn", turn("", "running", ("worker_died", "model_cut", None)))
    assert view.handovers == ["worker_died", "model_cut"]
    view.see("turn", turn("", "done", ("worker_died", "done")))
    assert view.handovers == ["worker_died"]


def test_of_a_continued_reply_only_the_new_is_given_out() -> None:
    """What it goes on from stands on the screen already."""
    view = ReplyView("T", "M", "Ada", behind="It was ")
    assert view.see("turn", turn("It was ", "running")) == ""
    assert view.see("delta", {"turn_id": "T", "offset": 0, "text": "It was "}) == ""
    assert view.see("delta", {"turn_id": "T", "offset": 7, "text": "late"}) == "late"
    assert view.see("turn", turn("It was late.", "done")) == "."
