"""Events come out whole, wherever the network has cut them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.models.sse import LIMIT_BYTES, Event, EventTooLong, SseSplitter

LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
NAMES = st.sampled_from(["message", "error", "ping"])
BREAKS = st.sampled_from(["\n", "\r\n"])


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """A stream as a server may write it, and the events in it."""
    end = draw(BREAKS)
    text, events = "", []
    for name, lines in draw(st.lists(st.tuples(NAMES, st.lists(LINE, min_size=1, max_size=3)), max_size=6)):
        if draw(st.booleans()):
            text += f": keep-alive{end}{draw(st.sampled_from(['', end]))}"
        if name != "message" or draw(st.booleans()):
            text += f"event: {name}{end}"
        text += f"id: 7{end}" if draw(st.booleans()) else ""
        text += "".join(f"data: {line}{end}" for line in lines) + end
        events.append((name, "\n".join(lines).encode()))
    return text.encode(), events


@given(streams(), st.lists(st.integers(0, 400), max_size=30))
def test_events_do_not_depend_on_where_the_network_cuts(stream: tuple[bytes, list[Event]], cuts: list[int]) -> None:
    """Any cutting of the bytes, also within a UTF-8 sequence or a line break, gives the same events in order."""
    data, events = stream
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    splitter = SseSplitter()
    found = [event for a, b in pairwise(places) for event in splitter.feed(data[a:b])]
    assert found == events
    assert splitter.close() is None


def test_a_line_break_cut_in_half_is_one_break() -> None:
    """CR at the end of one read and LF at the beginning of the next do not end an event."""
    data = b"data: one\r\ndata: two\r\n\r\ndata: three\r\n\r\n"
    for cut in range(len(data)):
        splitter = SseSplitter()
        found = splitter.feed(data[:cut]) + splitter.feed(data[cut:])
        assert found == [("message", b"one\ntwo"), ("message", b"three")]


def test_an_event_is_there_with_its_last_byte() -> None:
    """No event waits for the next one: that would delay every token by one."""
    splitter = SseSplitter()
    assert splitter.feed(b"data: a\n") == []
    assert splitter.feed(b"\n") == [("message", b"a")]
    assert splitter.feed(b"data: b\r\n\r\n") == [("message", b"b")]


def test_what_lacks_its_blank_line_is_kept_for_the_end() -> None:
    """A server that closes behind `data: [DONE]` has still said so."""
    splitter = SseSplitter()
    assert splitter.feed(b"data: [DONE]\n") == []
    assert splitter.close() == ("message", b"[DONE]")


def test_old_llama_cpp_errors_are_events() -> None:
    """llama.cpp used to write errors in a field of their own."""
    assert SseSplitter().feed(b'error: {"code":500}\n\n') == [("error", b'{"code":500}')]


def test_a_web_page_is_noticed() -> None:
    """What is no event stream is told from one that is merely silent."""
    page, silent = SseSplitter(), SseSplitter()
    page.feed(b"<html>\n\n<body>it works</body>\n\n")
    silent.feed(b": keep-alive\n\nretry: 100\n\n")
    assert page.strange
    assert not silent.strange


def test_an_endless_event_is_refused() -> None:
    """A server cannot fill the memory with one event."""
    splitter = SseSplitter()
    for _ in range(LIMIT_BYTES // 65536):
        assert splitter.feed(b"x" * 65536) == []
    with pytest.raises(EventTooLong):
        splitter.feed(b"x")
