"""Reading cards leniently, writing them strictly, and losing nothing in between."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.characters import (
    MAX_CARD_BYTES,
    MAX_DEPTH,
    MAX_NAME_LENGTH,
    MAX_TAGLINE_LENGTH,
    CardError,
    Character,
    Spec,
    parse_card,
    revise,
    tagline,
    to_card,
)

V1 = {
    "name": "Ada",
    "description": "Counts.",
    "personality": "exact",
    "scenario": "A mill.",
    "first_mes": "*looks up*",
    "mes_example": "<START>",
}
V2 = {"spec": "chara_card_v2", "spec_version": "2.0", "data": {**V1, "tags": ["numbers"]}}
V3 = {"spec": "chara_card_v3", "spec_version": "3.0", "data": {**V1, "nickname": "Countess", "assets": []}}

names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=MAX_NAME_LENGTH)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t"), max_size=80)
lines = st.lists(names, max_size=3).map(" ".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
extras = st.dictionaries(texts.map(lambda key: "x_" + key), json_values, max_size=3)
characters = st.builds(
    Character,
    name=names,
    description=texts,
    personality=texts,
    scenario=texts,
    first_mes=texts,
    alternate_greetings=st.lists(texts.filter(str.strip), max_size=3).map(tuple),
    mes_example=texts,
    system_prompt=texts,
    post_history_instructions=texts,
    creator_notes=texts,
    creator=lines,
    character_version=lines,
    tags=st.lists(names, max_size=3, unique=True).map(tuple),
)
specs: st.SearchStrategy[Spec] = st.sampled_from(["v2", "v3"])


def plain(character: Character) -> Character:
    return replace(character, card={})


@pytest.mark.parametrize("card", [V1, V2, V3], ids=["V1", "V2", "V3"])
def test_all_three_shapes_are_read(card: dict[str, object]) -> None:
    """A card is read whichever of the field's three shapes it has."""
    character = parse_card(card)
    assert (character.name, character.description, character.first_mes) == ("Ada", "Counts.", "*looks up*")
    assert character.card == card


def test_cards_of_the_oldest_programs_are_read() -> None:
    """The V1 fields are found under the names that the programs of 2022 gave them."""
    character = parse_card({"char_name": "Ada", "char_persona": "Counts.", "char_greeting": "Hello."})
    assert (character.name, character.description, character.first_mes) == ("Ada", "Counts.", "Hello.")


@given(characters, specs)
def test_a_character_survives_the_journey_through_its_card(character: Character, spec: Spec) -> None:
    """What is written is what is read again, and it is JSON that any program can take."""
    card = to_card(character, spec)
    travelled = parse_card(json.loads(json.dumps(card, allow_nan=False).encode()))
    assert plain(travelled) == character
    assert to_card(travelled, spec) == card


@given(characters, characters, extras, extras, specs, specs)
def test_what_is_not_understood_is_kept(
    before: Character,
    after: Character,
    top: dict[str, object],
    inside: dict[str, object],
    came_as: Spec,
    goes_as: Spec,
) -> None:
    """Fields, extensions and lorebooks that Perdure does not know leave as they came, whatever is edited."""
    book = {
        "character_book": {"entries": [{"keys": ["mill"], "content": "It grinds."}]},
        "extensions": inside,
    }
    card = to_card(before, came_as)
    data = card["data"]
    assert isinstance(data, dict)
    imported = parse_card({**card, **top, "data": {**data, **inside, **book}})

    written = to_card(replace(after, card=imported.card), goes_as)

    assert plain(parse_card(written)) == after
    assert {key: written[key] for key in top} == top
    kept = written["data"]
    assert isinstance(kept, dict)
    assert {key: kept[key] for key in (*inside, *book)} == {**inside, **book}


def test_writing_does_not_touch_the_card_that_came() -> None:
    """The raw card is shared by everyone who holds the character, so a written card is a copy."""
    character = parse_card({**V2, "data": {**V2["data"], "extensions": {"depth": [1]}}})  # type: ignore[dict-item]
    before = json.dumps(character.card)
    written = to_card(character)
    written["data"]["extensions"]["depth"].append(2)  # type: ignore[index]
    written["data"]["tags"].append("more")  # type: ignore[index]
    assert json.dumps(character.card) == before
    assert character.tags == ("numbers",)


def test_copies_of_fields_at_the_top_do_not_go_stale() -> None:
    """Programs that repeat the V1 fields at the top of a V2 card get the edited text there too."""
    character = parse_card({**V1, **V2})
    assert to_card(replace(character, description="Sings."), "v2")["description"] == "Sings."


def test_a_flat_card_keeps_its_lorebook() -> None:
    """A lorebook that lies at the top of a V1 card belongs to the character and moves along with it."""
    book: dict[str, object] = {"entries": []}
    written = to_card(parse_card({**V1, "character_book": book, "chat": "mine"}), "v2")
    assert written["data"]["character_book"] == book  # type: ignore[index]
    assert written["chat"] == "mine"


def test_reading_is_lenient() -> None:
    """Numbers count as text, a single text as a list, and what makes no sense is left out."""
    character = parse_card(
        {
            "name": 42,
            "description": ["One.", "Two."],
            "personality": None,
            "scenario": {"not": "text"},
            "first_mes": "a\r\nb\x00\x07",
            "alternate_greetings": "Only one",
            "tags": "cosy, eerie, cosy, ",
            "character_version": 1.5,
        }
    )
    assert character.name == "42"
    assert character.description == "One.\nTwo."
    assert (character.personality, character.scenario) == ("", "")
    assert character.first_mes == "a\nb"
    assert character.alternate_greetings == ("Only one",)
    assert character.tags == ("cosy", "eerie")
    assert character.character_version == "1.5"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "not an object"),
        ("text", "not an object"),
        (None, "not an object"),
        ({}, "no name and no description"),
        ({"entries": {}}, "lorebook"),
        ({"description": "Who?"}, "no name"),
        ({"name": "\x00\x1f \u202e"}, "no name"),
        ({"name": {"first": "Ada"}}, "no name"),
        ({"name": "x" * (MAX_NAME_LENGTH + 1)}, "characters long"),
        ({"name": "Ada", "x": {1, 2}}, "JSON does not have"),
    ],
)
def test_what_is_no_card_is_refused_in_a_sentence(data: object, says: str) -> None:
    """The error says what is wrong and what to do; it is a ValueError for those who want no more."""
    with pytest.raises(CardError, match=says) as caught:
        parse_card(data)
    assert isinstance(caught.value, ValueError)
    assert caught.value.problem in str(caught.value)
    assert caught.value.remedy.endswith(".")


def test_a_card_has_a_largest_size() -> None:
    """Five megabytes of text are taken, a little more is not."""
    assert parse_card({"name": "Ada", "x": "é" * (MAX_CARD_BYTES // 2 - 50)})
    with pytest.raises(CardError, match="too large"):
        parse_card({"name": "Ada", "x": "é" * (MAX_CARD_BYTES // 2)})


def test_a_card_has_a_greatest_depth() -> None:
    """Nesting ends in a CardError, never in a RecursionError, here or wherever the card goes next."""
    deep: object = {}
    for _ in range(MAX_DEPTH - 2):
        deep = [deep]
    assert parse_card({"name": "Ada", "x": deep})
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(CardError, match="nested"):
        parse_card({"name": "Ada", "x": deep})


def test_every_text_in_a_card_can_be_stored() -> None:
    """No NUL, no lone surrogate and no infinite number gets past the reading, not even in unknown fields."""
    character = parse_card(
        {
            "name": "A\ud800da",
            "first_mes": "\ud83d\ude00",
            "x\udfff": [{"y": "\x00z"}, float("nan"), float("inf")],
        }
    )
    stored = json.dumps(character.card, ensure_ascii=False, allow_nan=False).encode()
    assert b"\x00" not in stored
    assert character.name == "A\ufffdda"
    assert character.first_mes == "😀"
    assert character.card["x\ufffd"] == [{"y": "z"}, None, None]


def test_a_name_cannot_turn_the_text_around_it() -> None:
    """Names stand in other people's sentences, so direction overrides are dropped; joiners stay for emoji."""
    assert parse_card({"name": "evil\u202egnp.exe"}).name == "evilgnp.exe"
    assert parse_card({"name": "👩\u200d🚀"}).name == "👩\u200d🚀"


def test_a_nickname_is_what_others_call_the_character() -> None:
    """V3: where there is a nickname, {{char}} stands for it."""
    assert parse_card(V3).spoken_name == "Countess"
    assert parse_card(V2).spoken_name == "Ada"


@pytest.mark.parametrize(
    ("notes", "description", "expected"),
    [
        ("{{char}} counts. And sings.", "", "Ada counts."),
        ("", "{{char}} met Dr. Moth in St. Ives! Then left.", "Ada met Dr. Moth in St. Ives!"),
        ("<p>A <b>bold</b> one.</p> More.", "", "A bold one."),
        ("![](https://x.example/a.png)\n\n**Hello** there", "", "Hello there"),
        ("https://x.example/only-a-link", "She mills.", "She mills."),
        ("", "", ""),
    ],
)
def test_a_tagline_is_the_first_short_sentence(notes: str, description: str, expected: str) -> None:
    """Notes before description, words without markup, the character's name in the place of macros."""
    assert tagline(Character("Ada", creator_notes=notes, description=description)) == expected


@given(st.text())
def test_a_tagline_is_short(notes: str) -> None:
    """Whatever an author writes, the line fits under an avatar and is one line."""
    line = tagline(Character("Ada", creator_notes=notes))
    assert len(line) <= MAX_TAGLINE_LENGTH
    assert "\n" not in line


def test_a_long_sentence_is_cut_between_words() -> None:
    """A tagline that had to be cut says so and does not end inside a word."""
    line = tagline(Character("Ada", creator_notes="word " * 60))
    assert line.endswith("word…")


def test_a_revision_is_held_to_the_rules_of_an_import() -> None:
    """An edit changes what it names, keeps the rest of the card, and brings in nothing an import may not."""
    character = parse_card({**V2, "data": {**V1, "character_book": {"entries": []}}})
    revised = revise(character, {"description": "Sings.\x00", "tags": ["song"]})
    assert (revised.description, revised.tags, revised.name) == ("Sings.", ("song",), "Ada")
    assert revised.card["data"]["character_book"] == {"entries": []}  # type: ignore[index]
    assert revised == parse_card(revised.card)
    with pytest.raises(CardError, match="no name"):
        revise(character, {"name": "  "})
    with pytest.raises(CardError, match="no field"):
        revise(character, {"card": {}})
