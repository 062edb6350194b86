"""Cards in PNG text chunks, from careful programs, careless ones and enemies."""

from __future__ import annotations

import base64
import contextlib
import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdure.cards.avatar import blank_png
from perdure.cards.limits import MAX_DOCUMENT_BYTES, MAX_FILE_BYTES
from perdure.cards.png import SIGNATURE, card_documents, without_text, write_card
from perdure.core.characters import CardError

PICTURE = blank_png("Ada")
CARD = json.dumps({"name": "Ada"}).encode()
ENCODED = base64.b64encode(CARD)


def chunk(kind: bytes, data: bytes, *, length: int | None = None, crc: int | None = None) -> bytes:
    crc = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data) if length is None else length) + kind + data + struct.pack(">I", crc)


END = chunk(b"IEND", b"")


def png_with(*chunks: bytes) -> bytes:
    """A picture with these chunks before its end mark."""
    return PICTURE[: -len(END)] + b"".join(chunks) + END


@pytest.mark.parametrize(
    "text",
    [
        chunk(b"tEXt", b"chara\0" + ENCODED),
        chunk(b"tEXt", b"Chara\0" + ENCODED),
        chunk(b"zTXt", b"chara\0\0" + zlib.compress(ENCODED)),
        chunk(b"iTXt", b"chara\0\0\0\0\0" + ENCODED),
        chunk(b"iTXt", b"ccv3\0\1\0en\0Karte\0" + zlib.compress(ENCODED)),
        chunk(b"tEXt", b"chara\0" + ENCODED, crc=0),
        chunk(b"tEXt", b"chara\0" + ENCODED.rstrip(b"=") + b"\n"),
        chunk(b"tEXt", b"chara\0" + base64.urlsafe_b64encode(CARD)),
        chunk(b"tEXt", b"chara\0" + CARD),
    ],
    ids=["tEXt", "capital", "zTXt", "iTXt", "iTXt packed", "wrong CRC", "no padding", "urlsafe", "no base64"],
)
def test_a_card_is_found_in_every_kind_of_text_chunk(text: bytes) -> None:
    """Programs disagree on the kind of chunk and on the finer points of base64; all of them are read."""
    assert card_documents(png_with(text)) == [CARD]


def test_the_newer_card_comes_first() -> None:
    """A V3 card is preferred wherever it stands; the older one stays at hand in case the newer is damaged."""
    other = base64.b64encode(b'{"name": "Eve"}')
    both = png_with(chunk(b"tEXt", b"chara\0" + other), chunk(b"tEXt", b"ccv3\0" + ENCODED))
    assert card_documents(both) == [CARD, b'{"name": "Eve"}']
    broken = png_with(chunk(b"tEXt", b"ccv3\0%%%"), chunk(b"tEXt", b"chara\0" + ENCODED))
    assert card_documents(broken) == [CARD]


def test_written_cards_replace_those_from_before() -> None:
    """After any number of exports there is one card of each kind, and the picture is the same."""
    once = write_card(PICTURE, chara={"name": "old"}, ccv3={"name": "older"})
    twice = write_card(once, chara={"name": "V2"}, ccv3={"name": "Ünï"})
    assert [json.loads(document) for document in card_documents(twice)] == [{"name": "Ünï"}, {"name": "V2"}]
    assert twice.count(b"tEXt") == 2
    assert twice.endswith(END)
    assert without_text(twice) == PICTURE


def test_a_picture_without_a_card_says_so() -> None:
    """The commonest mistake gets the most helpful sentence."""
    with pytest.raises(CardError, match="without a character card") as caught:
        card_documents(PICTURE)
    assert "download" in caught.value.remedy


def test_a_picture_cut_short_says_so() -> None:
    """A download that broke off is not blamed on the card."""
    whole = png_with(chunk(b"tEXt", b"chara\0" + ENCODED))
    for cut in (9, 20, 60, len(whole) - 40):
        with pytest.raises(CardError, match="ends in the middle"):
            card_documents(whole[:cut])


def test_a_made_up_length_reads_nothing_beyond_the_file() -> None:
    """A chunk that claims four gigabytes is where the file ends."""
    with pytest.raises(CardError, match="ends in the middle"):
        card_documents(SIGNATURE + chunk(b"tEXt", b"chara\0" + ENCODED, length=0xFFFFFFFF))


def test_a_decompression_bomb_is_not_unpacked() -> None:
    """Compressed text unpacks to what a card may have, and not one megabyte further."""
    bomb = zlib.compress(b"A" * (MAX_DOCUMENT_BYTES + 1))
    with pytest.raises(CardError, match="unpacks"):
        card_documents(png_with(chunk(b"zTXt", b"chara\0\0" + bomb)))
    with pytest.raises(CardError, match="unpacks"):
        card_documents(png_with(chunk(b"iTXt", b"chara\0\1\0\0\0" + bomb)))


@pytest.mark.parametrize(
    "text",
    [
        chunk(b"tEXt", b"chara\0!!!"),
        chunk(b"tEXt", b"chara\0A"),
        chunk(b"zTXt", b"chara\0\0not zlib"),
        chunk(b"iTXt", b"chara\0\1\0\0\0not zlib"),
    ],
)
def test_a_damaged_card_says_so(text: bytes) -> None:
    """What cannot be decoded is called damaged, which is not the same as missing."""
    with pytest.raises(CardError, match="damaged"):
        card_documents(png_with(text))


def test_other_files_and_huge_ones_are_refused() -> None:
    """Neither a file of another kind nor one beyond the limit is walked through."""
    with pytest.raises(CardError, match="not a PNG"):
        card_documents(b"GIF89a")
    with pytest.raises(CardError, match="larger than 20 MB"):
        card_documents(PICTURE + b"\0" * MAX_FILE_BYTES)
    with pytest.raises(CardError, match="more pieces"):
        card_documents(SIGNATURE + chunk(b"tEXt", b"") * 100_001)


@settings(max_examples=200)
@given(st.data())
def test_no_damage_to_a_file_escapes_as_another_error(data: st.DataObject) -> None:
    """Whatever bytes are changed, cut or added: a card, or a CardError."""
    packed = chunk(b"zTXt", b"ccv3\0\0" + zlib.compress(ENCODED)) + chunk(b"iTXt", b"chara\0\0\0\0\0" + ENCODED)
    file = bytearray(SIGNATURE + packed + END)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not file:
            break
    with contextlib.suppress(CardError):
        assert card_documents(bytes(file))
