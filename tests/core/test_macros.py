"""What becomes of the placeholders in cards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.macros import expand, split_examples


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{char}} greets {{user}}.", "Ada greets Kim."),
        ("{{Char}} {{ USER }} <user> <BOT> <Char>", "Ada Kim Kim Ada Ada"),
        ("{{original}}Be brief.", "Be brief."),
        ("Hi{{// not for {users} }}, you", "Hi, you"),
        ("a{{//\n}}b{{//}}c", "abc"),
        ("{{// never closed, <user>", "{{// never closed, Kim"),
        (
            "{{random:a,b}} {{trim}} {{charm}} <START> {char}",
            "{{random:a,b}} {{trim}} {{charm}} <START> {char}",
        ),
    ],
)
def test_known_macros_are_replaced_and_unknown_ones_stay(text: str, expected: str) -> None:
    """The subset that all programs share is expanded in any case; the rest is left for its author to see."""
    assert expand(text, char="Ada", user="Kim") == expected


def test_a_card_may_quote_the_original_prompt() -> None:
    """{{original}} in a card's own system prompt stands for the one that it replaces."""
    assert expand("{{original}} Rhyme.", char="Ada", user="Kim", original="Be kind.") == "Be kind. Rhyme."


@given(st.text(), st.text())
def test_what_is_inserted_is_never_expanded(char: str, user: str) -> None:
    """A user may be called {{char}}, or anything else, and stays it."""
    assert expand("<{{user}}|{{char}}>", char=char, user=user) == f"<{user}|{char}>"


@given(st.text(alphabet="{}/<>charuse ", max_size=60))
def test_expansion_takes_any_text(text: str) -> None:
    """No text breaks it, and text without macros comes back as it was."""
    expanded = expand(text, char="A", user="B")
    if "{{" not in text and "<" not in text:
        assert expanded == text


def test_comments_without_end_cost_no_more_than_other_text() -> None:
    """A megabyte of comment openings is left as it is, at once: a quadratic search would take minutes."""
    text = "}}" + "{{//" * 250_000
    assert expand(text, char="Ada", user="Kim") == text


def test_examples_are_split_into_speeches() -> None:
    """Each <START> begins a dialogue, each named line a speech, and the lines after it belong to it."""
    text = """<START>
{{user}}: Is it far?
{{char}}: *points* There.

Behind the mill.
<start>
<USER>: Thanks.
<BOT>:Go now."""
    assert split_examples(text) == (
        (("user", "Is it far?"), ("character", "*points* There.\n\nBehind the mill.")),
        (("user", "Thanks."), ("character", "Go now.")),
    )


def test_what_stands_before_the_first_speaker_is_a_heading() -> None:
    """Titles over a dialogue are not put into anybody's mouth."""
    assert split_examples("Example messages:\n{{user}}: Hi\n{{char}}: Ho") == ((("user", "Hi"), ("character", "Ho")),)


def test_examples_without_speakers_are_the_characters_voice() -> None:
    """Some authors paste a piece of prose: that is how the character writes."""
    assert split_examples("<START>\n*She hums.* Well now.") == ((("character", "*She hums.* Well now."),),)


@pytest.mark.parametrize("text", ["", "<START>", " \n<START>\n<START>\n", "{{user}}:\n{{char}}: "])
def test_empty_examples_are_none(text: str) -> None:
    """Nothing said is no example."""
    assert split_examples(text) == ()


def test_an_old_way_to_name_a_user_is_understood() -> None:
    """{{random_user_1}} is some user."""
    assert split_examples("{{random_user_2}}: Hi\n{{char}}: Ho") == ((("user", "Hi"), ("character", "Ho")),)
