"""The starter cast is complete: a first visit must not meet half a character."""

from __future__ import annotations

import io
import json
import re
from importlib.resources import files

import pytest
from PIL import Image

from perdure.cards.avatar import make_avatar
from perdure.cards.read import read_card
from perdure.cards.write import write_png
from perdure.cast import SLUGS, StarterCard, starter_cast
from perdure.core.characters import MAX_TAGLINE_LENGTH, parse_card, tagline, to_card
from perdure.core.macros import expand, split_examples

CAST = starter_cast()
each = pytest.mark.parametrize("starter", CAST, ids=lambda starter: starter.slug)


def test_every_file_of_the_cast_is_in_it() -> None:
    """A card, a drawing and its picture for each slug, and no file that nobody loads."""
    found = {file.name for file in files("perdure.cast").iterdir() if file.name.endswith((".json", ".svg", ".png"))}
    assert found == {f"{slug}.{kind}" for slug in SLUGS for kind in ("json", "svg", "png")}
    assert [starter.slug for starter in CAST] == list(SLUGS)
    assert len({parse_card(json.loads(starter.card)).name for starter in CAST}) == len(CAST) >= 5


@each
def test_every_character_of_the_cast_is_whole(starter: StarterCard) -> None:
    """Each has all the fields that a reader or a model relies on, in plain V2, and a line for the gallery."""
    character, _ = read_card(starter.card)
    for text in (character.name, character.personality, character.scenario, character.creator_notes):
        assert text.strip()
    assert 150 <= len(character.description.split()) <= 300
    assert (character.creator, character.character_version) == ("Perdure", "1.0")
    assert len(character.tags) >= 3
    assert len(character.alternate_greetings) == 2
    assert 20 <= len(tagline(character)) <= MAX_TAGLINE_LENGTH
    assert to_card(character, "v2") == json.loads(starter.card)


@each
def test_every_greeting_leaves_the_next_word_to_the_reader(starter: StarterCard) -> None:
    """A greeting is short, ends with a question or an offer in speech, and closes the marks that it opens."""
    character = parse_card(json.loads(starter.card))
    for greeting in (character.first_mes, *character.alternate_greetings):
        assert 60 <= len(greeting.split()) <= 150
        assert re.search(r'[?.][*"]$', greeting)
        assert greeting.count('"') % 2 == 0
        assert greeting.count("*") % 2 == 0
        assert "{{user}}:" not in greeting


@each
def test_every_example_is_a_dialogue(starter: StarterCard) -> None:
    """Two exchanges, each begun by the user and answered in the character's voice, with known macros only."""
    character = parse_card(json.loads(starter.card))
    examples = split_examples(character.mes_example)
    assert [[speaker for speaker, _ in example] for example in examples] == [["user", "character"]] * 2
    for text in starter.card.decode(), character.mes_example:
        assert "{{" not in expand(text, char="Ada", user="Kim")


@each
def test_every_avatar_is_a_small_square_picture(starter: StarterCard) -> None:
    """512 by 512 pixels, under 120 kB, fit to be kept as an avatar and to carry the card out again."""
    picture = Image.open(io.BytesIO(starter.avatar))
    assert (picture.format, picture.size) == ("PNG", (512, 512))
    assert len(starter.avatar) < 120_000
    exported = write_png(parse_card(json.loads(starter.card)), make_avatar(starter.avatar))
    assert read_card(exported)[0].name == parse_card(json.loads(starter.card)).name
