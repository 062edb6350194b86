"""No text commands the terminal."""

from __future__ import annotations

import io
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from perdure.cli.chat.harmless import harmless, harmless_line
from perdure.cli.chat.page import Page


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
def test_no_control_character_is_left(text: str) -> None:
    """C0, C1, DEL, what reorders by force, what is no character: nothing of it but line breaks and tabs."""
    left = {c for c in harmless(text) if unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in (
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")}  # fmt: skip
    assert left <= {"\n", "\t"}


@given(st.text(max_size=40), st.integers(0, 40))
def test_pieces_make_no_difference(text: str, cut: int) -> None:
    """A sequence that is cut by the stream is as harmless as one in a piece."""
    assert harmless(text[:cut]) + harmless(text[cut:]) == harmless(text)


def test_what_scripts_need_stays() -> None:
    """Joined emoji, Persian, and words from right to left."""
    for text in ("👩\u200d🚀", "می\u200cخواهم", "שלום\u200f", "a\u0301"):
        assert harmless(text) == text


def test_a_name_is_one_line() -> None:
    """However many its card has given it."""
    assert harmless_line("Ada\r\n\x1b[31m Love\u2028lace\t") == "Ada \N{REPLACEMENT CHARACTER}[31m Love lace"


@given(st.text(alphabet=st.sampled_from("a \x1b\x9b\x07\x00\x08\r\x7f\u202e[]31m;0\n"), max_size=40))
def test_nothing_gets_by_the_page(text: str) -> None:
    """Names, words, remarks, asides: all ways of a text to the terminal lead through here."""
    out = io.StringIO()
    page = Page("auto", out)
    page.begin(text, text, text)
    page.words(text)
    page.aside(text)
    page.end()
    page.said(text)
    page.line(text)
    page.wrong(text)
    page.address(text)
    assert not set(out.getvalue()) & set("\x1b\x9b\x07\x00\x08\r\x7f\u202e")
