"""How text is read as it streams: every character once, in order, with the look that it would have in one piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.cli.chat.markup import Look, Markup

MARKED = st.text(alphabet='ab *_`"“”>#-1.\\\n', max_size=40)


def looked(*pieces: str) -> list[tuple[str, Look]]:
    """Each character with its look."""
    markup = Markup()
    out = [piece for text in pieces for piece in markup.feed(text)] + markup.finish()
    return [(character, look) for text, look in out for character in text]


def shown(text: str, look: Look) -> str:
    """The characters of a text that have a look, marks left out."""
    return "".join(c for c, its in looked(text) if look in its and Look.MARK not in its)


@given(MARKED)
def test_every_character_comes_out_once_and_in_order(text: str) -> None:
    """Nothing is swallowed as a mark: what is on the screen is what was said."""
    assert "".join(character for character, _ in looked(text)) == text


@given(MARKED, st.data())
def test_the_pieces_of_a_stream_make_no_difference(text: str, data: st.DataObject) -> None:
    """Tokens end anywhere, in the middle of a mark too; what was shown before is never looked at again."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert looked(*pieces) == looked(text)


@pytest.mark.parametrize(
    ("text", "look", "found"),
    [
        ("*nods* so", Look.EMPHASIS, "nods"),
        ("_nods_ snake_case_name", Look.EMPHASIS, "nods"),
        ("**no** *yes*", Look.STRONG, "no"),
        ("***both***", Look.STRONG | Look.EMPHASIS, "both"),
        ("2 * 3 * 4", Look.EMPHASIS, ""),
        ('he says "well," and "so"', Look.SPEECH, '"well,""so"'),
        ("“curly” and «French» and 「角」", Look.SPEECH, "“curly”«French»「角」"),
        ('a 5" pipe', Look.SPEECH, ""),
        ("see `a*b*c` there", Look.CODE, "a*b*c"),
        ("see `a*b*c` there", Look.EMPHASIS, ""),
        ("> quoted\nnot", Look.QUOTE, "quoted\n"),
        ("# Title\ntext", Look.HEADING, "Title\n"),
        ("#hashtag", Look.HEADING, ""),
        ("\\*not\\*", Look.EMPHASIS, ""),
        ('```py\n"x" * 2\n```\n*after*', Look.EMPHASIS, "after"),
        ('```py\n"x" * 2\n```\nafter', Look.SPEECH, ""),
    ],
)
def test_what_looks_like_what(text: str, look: Look, found: str) -> None:
    """The light Markdown that models and cards write."""
    assert shown(text, look) == found


def test_a_mark_without_a_partner_ends_with_its_paragraph() -> None:
    """One asterisk too many does not slant the rest of the evening."""
    assert shown("*open\nstill\n\nnext", Look.EMPHASIS) == "open\nstill\n"
    assert shown('"open\n\nnext', Look.SPEECH) == '"open\n'


def test_little_is_held() -> None:
    """Only what the next character decides: the first word is there as soon as it is."""
    markup = Markup()
    assert markup.feed("Hello") == [("Hello", Look.PLAIN)]
    assert markup.feed(" *") == [(" ", Look.PLAIN)]
    assert [text for text, _ in markup.feed("wa")] == ["*", "wa"]
