"""What a typed line asks for."""

from __future__ import annotations

import pytest

from perdure.cli.chat.actions import ACTIONS
from perdure.cli.chat.orders import ORDERS, Order, Unknown, Words, completions, count, read

NAMES = {"characters": ["Mizzle", "Miss Vesper"], "personas": ["Ada", "none"]}


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("hello", Words("hello")),
        ("  two\nlines ", Words("two\nlines")),
        ("", None),
        ("   ", None),
        ("//me waves", Words("/me waves")),
        ("/next", Order("next")),
        ("/SWIPE  2 ", Order("swipe", "2")),
        ("/reg", Order("regenerate")),
        ("/new Miss Vesper", Order("new", "Miss Vesper")),
        ("/c", Unknown("c", ("continue", "chats", "characters"))),
        ("/regenrate", Unknown("regenrate", ("regenerate",))),
        ("/ hello", Unknown("", ())),
        ("a/b", Words("a/b")),
    ],
)
def test_a_line_is_words_or_an_order(line: str, asked: object) -> None:
    """A beginning that fits one order is it; nothing that looks like an order is sent as words by mistake."""
    assert read(line) == asked


def test_every_order_does_something() -> None:
    """The table and what is done are one list."""
    assert list(ACTIONS) == list(ORDERS)


@pytest.mark.parametrize(("rest", "n"), [("", 7), ("3", 3), ("0", None), ("-1", None), ("x", None), ("٣", None)])
def test_a_number_is_at_least_one(rest: str, n: int | None) -> None:
    """Nothing is deleted for a typing mistake."""
    assert count(rest, 7) == n


def test_tab_completes_orders_and_names() -> None:
    """The order first, then whom or what it is about; words that are to be said are left alone."""
    assert [text for text, _, _ in completions("/c", NAMES)] == ["/continue", "/chats", "/characters"]
    assert completions("/swi", NAMES) == [("/swipe", "/swipe [n]", ORDERS["swipe"].sentence)]
    assert [text for text, _, _ in completions("/new mi", NAMES)] == ["Mizzle", "Miss Vesper"]
    assert [text for text, _, _ in completions("/persona ", NAMES)] == ["Ada", "none"]
    assert completions("/next mi", NAMES) == []
    assert completions("hello /n", NAMES) == []
