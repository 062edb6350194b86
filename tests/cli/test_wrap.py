"""Lines of a width, by appending alone: nothing wider than the terminal, nothing lost, nothing taken back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from perdure.cli.chat.markup import Look, Markup
from perdure.cli.chat.wrap import Wrap

TEXT = st.text(alphabet="abcdefgh  \n\t漢字。é🦆>-1.", max_size=120)


def lines(*pieces: str, width: int = 20, indent: int = 0) -> list[str]:
    """The text as it stands on the screen."""
    markup, wrap = Markup(), Wrap(width, indent)
    out = [p for text in pieces for p in wrap.feed(markup.feed(text))]
    out += wrap.feed(markup.finish()) + wrap.finish()
    return "".join(text for text, _ in out).split("\n")


@given(TEXT, st.integers(4, 40), st.integers(0, 2), st.data())
def test_no_line_is_wider_than_the_terminal(text: str, width: int, indent: int, data: st.DataObject) -> None:
    """Whatever the pieces: else the terminal would break the line itself, in the middle of a word."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    shown = lines(*pieces, width=width, indent=indent)
    assert all(cell_len(line.rstrip()) <= width + indent for line in shown)
    assert "".join("".join(shown).split()) == "".join(text.split())


def test_words_stay_whole() -> None:
    """A word that might not fit is waited for; it moves to the next line before it is shown, never after."""
    assert lines("the quick brown fox jumps") == ["the quick brown fox", "jumps"]
    assert lines("the quick brown f", "ox", "es jump") == ["the quick brown", "foxes jump"]


def test_a_word_with_room_is_shown_as_it_comes() -> None:
    """Nobody waits for the end of a word that has half a line before it."""
    wrap = Wrap(80)
    assert wrap.feed([("Hel", Look.PLAIN)]) == [("Hel", Look.PLAIN)]
    assert wrap.feed([("lo th", Look.PLAIN)]) == [("lo th", Look.PLAIN)]


def test_a_word_longer_than_the_line_is_cut() -> None:
    """An address, or a scream."""
    assert lines("a " + "h" * 45) == ["a", "h" * 20, "h" * 20, "h" * 5]


def test_items_and_quotes_hang() -> None:
    """Their further lines stand behind their mark."""
    assert lines("- one two three four five") == ["- one two three four", "  five"]
    assert lines("> one two three four five\nsix") == ["> one two three four", "  five", "six"]
    assert lines("10. one two three four") == ["10. one two three", "    four"]


def test_code_keeps_its_spaces() -> None:
    """Words do not matter there; columns do."""
    assert lines("```\nif  x:\n    y = 'long enough to break'\n```") == [
        "```", "if  x:", "    y = 'long enough", " to break'", "```",
    ]  # fmt: skip


def test_wide_characters_break_anywhere_but_before_a_stop() -> None:
    """Chinese and Japanese have no spaces; a full stop never begins a line."""
    assert lines("漢字漢字漢字漢字漢字。字") == ["漢字漢字漢字漢字漢", "字。字"]


def test_lines_are_indented() -> None:
    """All but the empty ones."""
    assert lines("one\n\ntwo", indent=2) == ["  one", "", "  two"]


def test_a_remark_stands_apart_by_one_space() -> None:
    """Between words, within one, and where nothing was said yet."""
    note = (" (well) ", Look.NOTE)
    for before, behind, shown in (
        ("one", " two", "one (well) two"),
        ("one ", "two", "one (well) two"),
        ("", "a", "(well) a"),
    ):
        wrap = Wrap(40)
        out = wrap.feed([(before, Look.PLAIN)]) + wrap.feed([note]) + wrap.feed([(behind, Look.PLAIN)]) + wrap.finish()
        assert "".join(text for text, _ in out) == shown
