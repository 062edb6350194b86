"""A file from anywhere becomes a character or a sentence that helps."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from perdure.cards.avatar import blank_png
from perdure.cards.jsontext import decode_json
from perdure.cards.limits import MAX_DOCUMENT_BYTES, MAX_FILE_BYTES
from perdure.cards.png import write_card
from perdure.cards.read import read_card
from perdure.cards.write import write_charx, write_json, write_png
from perdure.core.characters import CardError, Character, parse_card, to_card

CARD: dict[str, object] = {
    "spec": "chara_card_v3",
    "spec_version": "3.0",
    "data": {
        "name": "Zoë 🐚",
        "description": "Listens to shells.",
        "tags": ["sea"],
        "character_book": {"entries": [{"keys": ["tide"], "content": "Twice a day."}]},
        "extensions": {"elsewhere/depth": 4},
    },
}
ZOE = parse_card(CARD)
TEXT = json.dumps(CARD, ensure_ascii=False)
AVATAR = blank_png("Zoë")


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files.items():
            opened.writestr(name.replace("__", "."), data)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_is_read_in_every_encoding_that_editors_write(encoding: str) -> None:
    """A byte order mark, or its absence, is nothing that a person should have to know about."""
    assert read_card(TEXT.encode(encoding)) == (ZOE, None)


@pytest.mark.parametrize("avatar", [AVATAR, None])
def test_what_is_exported_can_be_imported_whole(avatar: bytes | None) -> None:
    """PNG, JSON and CHARX bring back the character with all of its card, and with its picture."""
    for data in (write_json(ZOE), write_png(ZOE, avatar), write_charx(ZOE, avatar)):
        character, picture = read_card(data)
        assert (character.name, character.tags) == (ZOE.name, ZOE.tags)
        written = character.card["data"]
        assert isinstance(written, dict)
        assert written["character_book"] == CARD["data"]["character_book"]  # type: ignore[index]
        assert written["extensions"] == {"elsewhere/depth": 4}
        if avatar and data[:1] != b"{":
            assert picture is not None
            assert Image.open(io.BytesIO(picture)).size == (400, 600)


def test_exports_do_not_depend_on_the_day() -> None:
    """The same character gives the same bytes, so files can be compared."""
    assert write_charx(ZOE, AVATAR) == write_charx(ZOE, AVATAR)
    assert write_png(ZOE, None) == write_png(ZOE, None)


def test_a_card_outlives_its_picture() -> None:
    """A damaged or oversized picture costs the picture, not the character."""
    whole = write_card(AVATAR, chara=CARD, ccv3=CARD)
    at = whole.index(b"IDAT") + 20
    assert read_card(whole[:at] + b"\xff" * 30 + whole[at + 30 :]) == (ZOE, None)
    icon = {"type": "icon", "name": "main", "uri": "embeded://icon.png", "ext": "png"}
    card = {**CARD, "data": {**CARD["data"], "assets": [icon]}}  # type: ignore[dict-item]
    packed = archive(card__json=json.dumps(card).encode(), icon__png=b"no picture")
    character, picture = read_card(packed)
    assert (character.name, picture) == (ZOE.name, None)


def test_the_older_card_helps_out_when_the_newer_is_unreadable() -> None:
    """A PNG with a broken V3 card and a sound V2 card is a sound character."""
    data = write_card(AVATAR, chara=to_card(ZOE, "v2"), ccv3={"spec": "chara_card_v3", "data": {}})
    assert read_card(data)[0].name == ZOE.name


def test_an_archive_behind_a_picture_is_read() -> None:
    """Some programs write CHARX files that open as a JPEG."""
    cover = io.BytesIO()
    Image.new("RGB", (8, 8)).save(cover, "JPEG")
    assert read_card(cover.getvalue() + archive(card__json=TEXT.encode()))[0].name == ZOE.name


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (AVATAR, "without a character card"),
        (AVATAR[:300], "ends in the middle"),
        (b"\xff\xd8\xff\xe0 JFIF", "is a JPEG picture"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "is a WEBP picture"),
        (b"GIF89a", "is a GIF picture"),
        (b"\n<!DOCTYPE html><html>", "is a web page"),
        (b"%PDF-1.7", "is a PDF"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (archive(readme__txt=b"hello"), "no card.json"),
        (b"name: Ada", "not valid JSON: .* line 1, column 1"),
        (b'{"name": "Ada"', "not valid JSON"),
        ('{"name": "Zoë"}'.encode("latin-1"), "not text in UTF-8"),
        (b"\xff\xfe{", "not text in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"name": "Ada", "n": ' + b"9" * 5_000 + b"}", "number too long"),
        (b"[]", "not an object"),
        (b"NaN", "not an object"),
        (b'{"name": "' + b"x" * MAX_DOCUMENT_BYTES + b'"}', "more than 10 MB of text"),
        (b"[" + b"[]," * 1_000_001 + b"[]]", "more values"),
        (b"\0" * (MAX_FILE_BYTES + 1), "larger than 20 MB"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(data: bytes, says: str) -> None:
    """The error names what the file is and what to do about it."""
    with pytest.raises(CardError, match=says) as caught:
        read_card(data, "thing")
    assert caught.value.remedy.endswith(".")


def test_strange_numbers_and_letters_are_made_storable() -> None:
    """NaN, infinities and lone surrogates are valid to Python's JSON and to nobody else's."""
    character, _ = read_card(b'{"name": "A\\ud800da", "x": NaN, "y": [-Infinity, 1e999]}')
    assert character.name == "A\ufffdda"
    json.dumps(character.card, allow_nan=False, ensure_ascii=False).encode()
    assert (character.card["x"], character.card["y"]) == (None, [None, None])


def test_a_zip_bomb_is_not_unpacked() -> None:
    """A member is read up to the size of a card and no further."""
    with pytest.raises(CardError, match="unpacks to more than 10 MB"):
        read_card(archive(card__json=b" " * (MAX_DOCUMENT_BYTES + 1)))


def test_an_archive_of_countless_files_is_not_opened() -> None:
    """Each entry of an archive costs memory before anything is read."""
    with pytest.raises(CardError, match="too many files"):
        read_card(b"PK\x03\x04" + b"PK\x01\x02" * 5_001)


def test_a_file_name_cannot_forge_a_message() -> None:
    """What the sender called the file is shown in part, without line breaks and controls."""
    with pytest.raises(CardError) as caught:
        read_card(b"", "a" * 500 + "\n\u202e\x1b[31m.png")
    assert len(caught.value.problem) < 120
    assert caught.value.problem.isprintable()


@given(st.binary(max_size=200))
def test_no_bytes_escape_as_another_error(data: bytes) -> None:
    """A character or a CardError, whatever the bytes."""
    for start in (b"", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b'{"name":'):
        with contextlib.suppress(CardError):
            assert isinstance(read_card(start + data)[0], Character)


@given(st.text())
def test_no_text_escapes_as_another_error(text: str) -> None:
    """JSON or a CardError, whatever the text."""
    with contextlib.suppress(CardError):
        decode_json(text.encode("utf-8", "surrogatepass"))
