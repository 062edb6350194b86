"""Events come out whole and in order, wherever the network cut them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from perdure.client.sse import Frame, SseParser

STREAM = (
    "retry: 500\n\n"
    ": keep-alive\n\n"
    'id: 1\nevent: delta\ndata: {"text":"ein Ü und 🜂"}\n\n'
    "id: 2\r\nevent: turn\r\ndata: one\r\ndata: two\r\n\r\n"
    "data:no space\n\n"
    "event: nothing to dispatch\n\n"
    "id: 3\nevent: delta\ndata: last\n\n"
).encode()

EVENTS = [
    Frame("1", "delta", '{"text":"ein Ü und 🜂"}'),
    Frame("2", "turn", "one\ntwo"),
    Frame("2", "message", "no space"),
    Frame("3", "delta", "last"),
]


@given(st.sets(st.integers(1, len(STREAM) - 1)))
def test_cut_anywhere_the_events_are_the_same(cuts: set[int]) -> None:
    """Also inside of a character, of a CRLF, and of a field's name."""
    parser = SseParser()
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    assert [frame for piece in pieces for frame in parser.feed(piece)] == EVENTS


def test_an_event_without_its_end_is_not_handed_out() -> None:
    """A connection that broke in mid-event must not show half of it: it comes again, whole."""
    parser = SseParser()
    assert parser.feed(b"id: 4\nevent: delta\ndata: whole\n") == []
    assert parser.feed(b"\n") == [Frame("4", "delta", "whole")]


def test_an_id_with_a_nul_is_no_id() -> None:
    """As the standard says; the place stays the one before."""
    parser = SseParser()
    assert parser.feed(b"id: 5\ndata: a\n\nid: 6\x00\ndata: b\n\n") == [
        Frame("5", "message", "a"),
        Frame("5", "message", "b"),
    ]
