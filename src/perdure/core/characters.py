"""What a character is, and how one is read from and written to a card.

A card is the JSON document that the field passes around. Three shapes exist: V1 (flat), V2
(`chara_card_v2`, github.com/malfoyslastname/character-card-spec-v2) and V3 (`chara_card_v3`,
github.com/kwaroran/character-card-spec-v3). Few files keep to any of them, so reading is lenient, and
writing is strict. What Perdure does not understand it keeps, so that a card leaves as rich as it came.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from perdure.core.macros import expand

Spec = Literal["v2", "v3"]

MAX_NAME_LENGTH: Final = 200  # characters
MAX_CARD_BYTES: Final = 5_000_000  # of the card as UTF-8 JSON, without its picture
MAX_ITEMS: Final = 500  # greetings, and tags: each is shown, and a chat keeps every greeting as a message
MAX_TAGLINE_LENGTH: Final = 120  # characters
MAX_DEPTH: Final = 64  # levels of nesting; the specs need about seven

_SPECS: Final[Mapping[Spec, tuple[str, str]]] = {
    "v2": ("chara_card_v2", "2.0"),
    "v3": ("chara_card_v3", "3.0"),
}
_TEXTS: Final = (
    "description",
    "personality",
    "scenario",
    "first_mes",
    "mes_example",
    "system_prompt",
    "post_history_instructions",
    "creator_notes",
    "creator",
    "character_version",
)
_LISTS: Final = ("alternate_greetings", "tags")
# Cards of 2022 and 2023 (Pygmalion, Gradio front ends) name the V1 fields differently.
_OLD_NAMES: Final[Mapping[str, str]] = {
    "name": "char_name",
    "description": "char_persona",
    "scenario": "world_scenario",
    "first_mes": "char_greeting",
    "mes_example": "example_dialogue",
}
# A name is shown inside other people's sentences, where these would turn the text around.
_BIDI_CONTROLS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but the tab and the line break
_MARKUP: Final = re.compile(r"<[^<>]*>|!?\[([^\]\[]*)\]\([^()]*\)|https?://\S+|[*_#`~]+")
_SENTENCE_END: Final = re.compile(r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bMrs)[.!?…][\"'”\u2019)]*(?=\s|$)")
_NO_CARD: Final = "Choose a character card: a PNG, JSON or CHARX file saved by a character-chat program."


class CardError(ValueError):
    """This is not a card that can be used. `problem` says what is wrong, `remedy` what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Character:
    """The plain fields of a card, beside the whole card as it came (`card`, which nobody may change)."""

    name: str
    description: str = ""
    personality: str = ""
    scenario: str = ""
    first_mes: str = ""
    alternate_greetings: tuple[str, ...] = ()
    mes_example: str = ""
    system_prompt: str = ""
    post_history_instructions: str = ""
    creator_notes: str = ""
    creator: str = ""
    character_version: str = ""
    tags: tuple[str, ...] = ()
    card: Mapping[str, object] = field(default_factory=dict, hash=False, repr=False)

    @property
    def spoken_name(self) -> str:
        """What {{char}} stands for: the nickname of a V3 card where there is one, else the name."""
        return _short_text(_body(self.card).get("nickname"))[:MAX_NAME_LENGTH] or self.name


def parse_card(data: object) -> Character:
    """Read a decoded JSON document as a card of any of the three shapes.

    Missing fields are empty, numbers count as text, and a field of a hopeless type is left out. Text is
    made storable: no NUL, no lone surrogates, no infinite numbers, anywhere in the card.

    Raises CardError when it is no card, has no usable name, too many greetings or tags, or is too large or too deeply
    nested.
    """
    if not isinstance(data, Mapping):
        raise CardError("This JSON is not a character card: it is not an object with fields.", _NO_CARD)
    card = _storable_object(data, MAX_DEPTH)
    body = _body(card)
    name = _checked_name(_field(body, "name"), body)
    if len(json.dumps(card, ensure_ascii=False).encode()) > MAX_CARD_BYTES:
        limit = MAX_CARD_BYTES // 1_000_000
        raise CardError(
            f"This card is too large: its text may take {limit} MB at most.",
            "Remove pictures or long entries embedded in the card, and import it again.",
        )
    return Character(
        name=name,
        description=_long_text(_field(body, "description")),
        personality=_long_text(_field(body, "personality")),
        scenario=_long_text(_field(body, "scenario")),
        first_mes=_long_text(_field(body, "first_mes")),
        alternate_greetings=_greetings(body.get("alternate_greetings")),
        mes_example=_long_text(_field(body, "mes_example")),
        system_prompt=_long_text(_field(body, "system_prompt")),
        post_history_instructions=_long_text(_field(body, "post_history_instructions")),
        creator_notes=_long_text(_field(body, "creator_notes")),
        creator=_short_text(_field(body, "creator")),
        character_version=_short_text(_field(body, "character_version")),
        tags=_tags(body.get("tags")),
        card=card,
    )


def to_card(character: Character, spec: Spec = "v3") -> dict[str, object]:
    """Write the plain fields into the card that the character came with, and keep all the rest.

    The result shares nothing with `character`. A V2 card may carry fields that only V3 knows: the V2
    spec asks readers to keep what they do not know, and dropping them would lose them for good.
    """
    card = deepcopy(dict(character.card))
    plain = _plain_fields(character)
    nested = card.get("data")
    if isinstance(nested, dict):
        data: dict[str, object] = nested
    else:
        # In a flat card these two belong to the character; anything else at the top is the program's own.
        data = {key: card.pop(key) for key in ("character_book", "extensions") if key in card}
    data.update(plain)
    if not isinstance(data.get("extensions"), dict):
        data["extensions"] = {}
    if spec == "v3" and not isinstance(data.get("group_only_greetings"), list):
        data["group_only_greetings"] = []
    for key, value in plain.items():  # many programs repeat the V1 fields at the top; they must not go stale
        for top in (key, _OLD_NAMES.get(key, key)):
            if top in card:
                card[top] = deepcopy(value)
    card["spec"], card["spec_version"] = _SPECS[spec]
    card["data"] = data
    return card


def tagline(character: Character) -> str:
    """One short line that presents the character: the first sentence of its notes, or of its description.

    Notes are often written in HTML or Markdown for some website; of those only the words are kept.
    Empty for a character that says nothing about itself.
    """
    for text in (character.creator_notes, character.description):
        name = character.spoken_name
        # A sentence is never this long; bounding the work here keeps the patterns below cheap on any card.
        words = _MARKUP.sub(r"\1", expand(text[:4000], char=name, user="you"))
        line = next((" ".join(line.split()) for line in words.split("\n") if line.strip(" -\t\"'|:")), "")
        if line:
            return _first_sentence(line)
    return ""


def revise(character: Character, changes: Mapping[str, object]) -> Character:
    """The character with some plain fields changed, held to the same rules as one that is imported.

    Raises CardError as `parse_card` does, and for a field that is none of the plain fields.
    """
    plain = _plain_fields(character)
    for key in changes:
        if key not in plain:
            raise CardError(f"A character has no field '{key}'.", f"Use one of: {', '.join(plain)}.")
    checked = parse_card({"spec": "chara_card_v3", "data": {**plain, **changes}})
    revised = replace(checked, card=character.card)
    return parse_card(to_card(revised, _spec_of(character.card)))


def _first_sentence(line: str) -> str:
    end = _SENTENCE_END.search(line)
    sentence = line[: end.end()] if end else line
    if len(sentence) <= MAX_TAGLINE_LENGTH:
        return sentence
    cut = sentence[:MAX_TAGLINE_LENGTH]
    return cut[: cut.rfind(" ")].rstrip(" ,;:-") + "…" if " " in cut else cut[:-1] + "…"


def _plain_fields(character: Character) -> dict[str, object]:
    return {
        "name": character.name,
        **{key: getattr(character, key) for key in _TEXTS},
        **{key: list(getattr(character, key)) for key in _LISTS},
    }


def _spec_of(card: Mapping[str, object]) -> Spec:
    return "v2" if card.get("spec") == _SPECS["v2"][0] else "v3"


def _body(card: Mapping[str, object]) -> Mapping[str, object]:
    """Where the fields are: in `data` for V2, V3 and whatever follows them, at the top for V1."""
    data = card.get("data")
    return data if isinstance(data, Mapping) else card


def _field(body: Mapping[str, object], key: str) -> object:
    return body[key] if key in body else body.get(_OLD_NAMES.get(key, key))


def _checked_name(value: object, body: Mapping[str, object]) -> str:
    name = _short_text(value)
    if not name and "entries" in body:
        raise CardError(
            "This is a lorebook, not a character card.",
            "Import the character; a card brings its own lorebook along.",
        )
    if not name and any(key in body for key in ("name", *_TEXTS, *_OLD_NAMES.values())):
        raise CardError("This card has no name.", "Give the character one, and import the card again.")
    if not name:
        raise CardError("This JSON is not a character card: it has no name and no description.", _NO_CARD)
    if len(name) > MAX_NAME_LENGTH:
        raise CardError(
            f"The name on this card is {len(name)} characters long; {MAX_NAME_LENGTH} is the most.",
            "Shorten the name in the card, and import it again.",
        )
    return name


def _long_text(value: object) -> str:
    """Text with its line breaks; of the other control characters only the tab stays."""
    if isinstance(value, list):
        value = "\n".join(part for part in value if isinstance(part, str))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)


def _short_text(value: object) -> str:
    """One line without control characters."""
    return " ".join(_BIDI_CONTROLS.sub("", _long_text(value)).split())


def _greetings(value: object) -> tuple[str, ...]:
    texts = (_long_text(item) for item in (value if isinstance(value, list) else [value]))
    return _few(tuple(text for text in texts if text.strip()), "greetings")


def _tags(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    texts = (_short_text(item) for item in (value if isinstance(value, list) else []))
    return _few(tuple(dict.fromkeys(text for text in texts if text)), "tags")


def _few(items: tuple[str, ...], what: str) -> tuple[str, ...]:
    if len(items) > MAX_ITEMS:
        raise CardError(
            f"This card has {len(items)} {what}; {MAX_ITEMS} is the most.",
            f"Remove some of its {what}, and import it again.",
        )
    return items


def _storable(value: object, depth: int) -> object:
    """A copy of a JSON value that every store and every JSON reader takes."""
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, Mapping):
        return _storable_object(value, depth)
    if isinstance(value, (list, tuple)):
        _check_depth(depth)
        return [_storable(item, depth - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no such number; JavaScript writes null for it too
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise CardError("This is not a character card: it holds values that JSON does not have.", _NO_CARD)


def _storable_object(value: Mapping[object, object], depth: int) -> dict[str, object]:
    _check_depth(depth)
    return {_storable_text(str(key)): _storable(item, depth - 1) for key, item in value.items()}


def _storable_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "")


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise CardError(
            f"This card is nested more than {MAX_DEPTH} levels deep, which no character card is.",
            "The file is damaged or was made to do harm; get the card again from where it came from.",
        )
