"""How a continuation is fitted to what is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.reply import Progress, overlap, storable


@pytest.mark.parametrize(("spent", "left"), [(0, 10), (4, 6), (10, 0), (12, 0)])
def test_what_was_said_is_taken_from_the_budget(spent: int, left: int) -> None:
    """A continuation may say what is left, and a budget that was passed leaves nothing, not less than nothing."""
    assert Progress(100, spent).tokens_left(10) == left


@given(st.text(max_size=60), st.text(max_size=60))
def test_an_overlap_is_the_longest_real_repeat(prefix: str, incoming: str) -> None:
    """Whatever is trimmed off a continuation stands at the end of the text already."""
    size = overlap(prefix, incoming)
    assert prefix.endswith(incoming[:size])
    assert size == 0 or size >= 8
    longer = range(size + 1, min(len(prefix), len(incoming)) + 1)
    assert not any(prefix.endswith(incoming[:n]) for n in longer if n >= 8)


@given(st.text(min_size=8, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_a_repeated_sentence_is_found(repeated: str, before: str, behind: str) -> None:
    """A backend that begins with the last sentence again is understood, and what it adds is kept."""
    assert overlap(before + repeated, repeated + behind) >= len(repeated)


@pytest.mark.parametrize(
    ("prefix", "incoming", "size"),
    [
        ("She said no, no, no", "no, not at all", 0),
        ("It was a dark night.", "a dark night. And cold", 13),
        ("abc", "", 0),
        ("", "abcdefghij", 0),
        ("12345678", "12345678", 8),
        ("1234567", "1234567", 0),
        ("ha ha ha ha ha", "ha ha ha ha ha!", 14),
    ],
)
def test_short_repeats_are_left_alone(prefix: str, incoming: str, size: int) -> None:
    """A reply may rightly say a short word twice: only eight code points or more are taken for a repeat."""
    assert overlap(prefix, incoming) == size


@given(st.text(alphabet=st.sampled_from("a\0\ud800\udfff\ue000😀"), max_size=20))
def test_what_cannot_be_stored_is_replaced_in_its_place(text: str) -> None:
    """A backend may send what is no text: each piece of it becomes one U+FFFD, so that offsets stay what they are."""
    clean = storable(text)
    assert len(clean) == len(text)
    clean.encode()
    assert "\0" not in clean
    assert all(new in (old, "\ufffd") for old, new in zip(text, clean, strict=True))
