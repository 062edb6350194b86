"""Lists that narrow as one types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from perdure.cli.chat import choosing
from perdure.cli.chat.fuzzy import fit, ranked
from perdure.cli.chat.listing import fitted, listed
from perdure.cli.chat.pick import rendered
from perdure.cli.chat.picking import Choice, Picking

NAMES = ["Ansgar Tolle", "Miss Vesper", "Mizzle", "Sir Corvin Ell", "Tove Ransel"]


def test_letters_in_order_are_enough() -> None:
    """The nearer together, and to the beginning of a word, the better."""
    assert [NAMES[n] for n in ranked("mi", NAMES)] == ["Miss Vesper", "Mizzle"]
    assert NAMES[ranked("ve", NAMES)[0]] == "Miss Vesper"
    assert [NAMES[n] for n in ranked("sce", NAMES)] == ["Sir Corvin Ell"]
    assert ranked("xq", NAMES) == []
    assert ranked(" ", NAMES) == [0, 1, 2, 3, 4]


@given(st.text("abc ", max_size=5), st.text("abc ", max_size=12))
def test_what_fits_has_the_letters(wanted: str, text: str) -> None:
    """In order, whatever is between them; and the text itself fits best."""
    letters = iter(text)
    within = all(letter in letters for letter in wanted if letter != " ")
    assert (fit(wanted, text) is not None) == within


def test_the_mark_stays_in_the_list() -> None:
    """Up and down end at the ends; typing begins again at the best; where nothing fits, nothing is chosen."""
    picking = Picking([Choice(name, name) for name in NAMES])
    picking.move(-1)
    assert picking.chosen == Choice("Ansgar Tolle", "Ansgar Tolle")
    picking.move(99)
    assert picking.chosen == Choice("Tove Ransel", "Tove Ransel")
    assert [marked for marked, _ in picking.rows(3)] == [False, False, True]
    picking.narrow("mz")
    assert picking.chosen == Choice("Mizzle", "Mizzle")
    picking.narrow("mzq")
    assert picking.chosen is None
    assert picking.rows(3) == []


@given(st.lists(st.text("ab漢", min_size=1, max_size=30), max_size=20), st.integers(12, 60), st.integers(4, 30))
def test_a_list_fits_the_terminal(titles: list[str], columns: int, rows: int) -> None:
    """No line is wider, and there are no more lines."""
    picking = Picking([Choice(str(n), title, title) for n, title in enumerate(titles)])
    text = "".join(part[1] for part in rendered(picking, "Whom do you want to talk with?", columns, rows))
    assert all(cell_len(line) < columns for line in text.split("\n"))
    assert text.count("\n") < rows


def test_lists_have_one_column_where_there_is_no_room() -> None:
    """Words are not broken into columns of three letters."""
    rows = [("/next", "the next reply"), ("/a", "b")]
    assert listed(rows, 80) == ["/next  the next reply", "/a     b"]
    assert listed(rows, 14) == ["/next", "  the next", "  reply", "/a", "  b"]
    assert fitted("漢字漢字", 5) == "漢字…"
    assert fitted("word", 4) == "word"
    assert fitted("word", 0) == ""


def character(name: str, **more: Any) -> Any:
    return {"id": name.lower(), "name": name, "tagline": "one\ntwo", **more}


def test_whom_one_talks_with_stands_first() -> None:
    """Favourites, then the last ones talked with, then the others by name; all of it harmless, on a line."""
    rows = choosing.of_characters([
        character("Zoe"), character("Bob", last_chat_at="2026-01-01"), character("Eve\x1b[1m", favourite=True),
        character("Al"), character("Kim", last_chat_at="2026-02-01"),
    ])  # fmt: skip
    assert [row.title for row in rows] == ["Eve\N{REPLACEMENT CHARACTER}[1m", "Kim", "Bob", "Al", "Zoe"]
    assert rows[0].hint == "★ one two"


def test_enter_goes_on_with_the_last_chat() -> None:
    """A new one is the second choice."""
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    chats = [{"id": i, "title": i, "preview": "…", "updated_at": at} for i, at in (
        ("a", "2026-05-04T11:58:00Z"), ("b", "2026-05-01T00:00:00+00:00"))]  # fmt: skip
    rows = choosing.of_chats(cast(Any, chats), now, new=True)
    assert [(row.key, row.hint) for row in rows] == [("a", "2 min ago · …"), ("new", ""), ("b", "3 d ago · …")]


@pytest.mark.parametrize(
    ("name", "found"), [("MIZZLE", "Mizzle"), ("miss", "Miss Vesper"), ("tove ransel", "Tove Ransel")]
)
def test_a_character_is_chosen_by_name_or_beginning(name: str, found: str) -> None:
    """In any case; what fits none or several is told."""
    characters = [character(one) for one in NAMES]
    assert choosing.chosen(characters, name)["name"] == found
    for wrong in ("mi", "nobody"):
        with pytest.raises(choosing.NotChosen):
            choosing.chosen(characters, wrong)
