"""From a character to a file that other programs can read."""

from __future__ import annotations

from perdure.cards.avatar import as_png, blank_png
from perdure.cards.charx import write_archive
from perdure.cards.jsontext import encode_json
from perdure.cards.png import write_card
from perdure.core.characters import Character, Spec, to_card


def write_json(character: Character, spec: Spec = "v3") -> bytes:
    """The card as a JSON file."""
    return encode_json(to_card(character, spec))


def write_png(character: Character, avatar: bytes | None) -> bytes:
    """The card in a PNG, for readers of V2 and of V3 alike; a plain picture stands in for a missing avatar.

    Raises CardError when `avatar` is no picture.
    """
    picture = as_png(avatar) if avatar else blank_png(character.name)
    return write_card(picture, chara=to_card(character, "v2"), ccv3=to_card(character, "v3"))


def write_charx(character: Character, avatar: bytes | None) -> bytes:
    """The card as a CHARX archive. Raises CardError when `avatar` is no picture."""
    return write_archive(to_card(character, "v3"), as_png(avatar) if avatar else None)
