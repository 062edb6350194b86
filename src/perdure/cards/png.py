"""Cards in PNG files: base64 JSON in a text chunk named `ccv3` (V3) or `chara` (V1 and V2).

A chunk walker of our own rather than an image library's: cards in the wild have wrong checksums, and
image libraries refuse text of the size that cards have. Chunk layout: PNG specification, third edition,
section 5; text chunks: section 11.3.3.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from perdure.cards.limits import MAX_DOCUMENT_BYTES, MAX_FILE_BYTES, MAX_PNG_CHUNKS, megabytes
from perdure.core.characters import CardError

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

_KEYWORDS: Final = (b"ccv3", b"chara")  # the better one first
_TEXT_TYPES: Final = (b"tEXt", b"zTXt", b"iTXt")


class Chunk(NamedTuple):
    """One chunk of a PNG: its four-letter type and its data."""

    type: bytes
    data: bytes


def card_documents(png: bytes) -> list[bytes]:
    """The JSON texts of the cards in a PNG, the one to prefer first.

    Chunks that cannot be decoded are passed over as long as another can. Checksums are not looked at:
    several editors write wrong ones, and a damaged card shows itself as damaged JSON anyway.

    Raises CardError when there is no readable card in it.
    """
    chunks, complete = _chunks(png)
    found: dict[bytes, Chunk] = {}
    for chunk in chunks:
        keyword = chunk.data.partition(b"\0")[0].lower() if chunk.type in _TEXT_TYPES else b""
        if keyword in _KEYWORDS:
            found.setdefault(keyword, chunk)
    documents: list[bytes] = []
    failures: list[CardError] = []
    for keyword in _KEYWORDS:
        if keyword in found:
            try:
                documents.append(_from_base64(_text(found[keyword])))
            except CardError as error:
                failures.append(error)
    if documents:
        return documents
    if failures:
        raise failures[0]
    if not complete:
        raise CardError(
            "This PNG ends in the middle, before any character card in it.",
            "Download it again: this copy is not complete.",
        )
    raise CardError(
        "This PNG is a picture without a character card in it.",
        "Get the original card file: many sites and messengers strip the card when they show or forward "
        "a picture, so use the site's download button rather than saving the picture.",
    )


def write_card(png: bytes, *, chara: Mapping[str, object], ccv3: Mapping[str, object]) -> bytes:
    """The picture with these cards in it (V2 as `chara`, V3 as `ccv3`) and with no card from before.

    Raises CardError when `png` is no complete PNG.
    """
    chunks, complete = _chunks(png)
    if not complete:
        raise CardError("This PNG ends in the middle.", "Choose another picture for the character.")
    kept = [chunk for chunk in chunks if not _is_card(chunk)]
    cards = [Chunk(b"tEXt", b"chara\0" + _to_base64(chara)), Chunk(b"tEXt", b"ccv3\0" + _to_base64(ccv3))]
    return _join([*kept[:-1], *cards, kept[-1]])


def without_text(png: bytes) -> bytes:
    """The same picture without any text chunk, with correct checksums, as far as the file goes.

    Image libraries take text of the size of a card for an attack and refuse the whole picture.
    """
    chunks, _ = _chunks(png)
    return _join([chunk for chunk in chunks if chunk.type not in _TEXT_TYPES])


def _chunks(png: bytes) -> tuple[list[Chunk], bool]:
    """All chunks up to the end mark, and whether the end mark was reached."""
    if len(png) > MAX_FILE_BYTES:
        raise CardError(
            f"This PNG is larger than {megabytes(MAX_FILE_BYTES)}.",
            "Make its picture smaller in the program that wrote the card, and save the card again.",
        )
    if not png.startswith(SIGNATURE):
        raise CardError("This is not a PNG file.", "Choose a card as a PNG, JSON or CHARX file.")
    chunks = list(_walk(png))
    return chunks, bool(chunks) and chunks[-1].type == b"IEND"


def _walk(png: bytes) -> Iterator[Chunk]:
    at = len(SIGNATURE)
    for _ in range(MAX_PNG_CHUNKS):
        if at + 8 > len(png):
            return
        length, kind = struct.unpack_from(">I4s", png, at)
        end = at + 8 + length
        if end > len(png):  # cut short, or a made-up length
            return
        yield Chunk(kind, png[at + 8 : end])
        if kind == b"IEND":
            return
        at = end + 4
    raise CardError(
        "This PNG is made of more pieces than any picture needs.",
        "Open it in the program that wrote the card, and save the card again.",
    )


def _join(chunks: list[Chunk]) -> bytes:
    parts = [SIGNATURE]
    for kind, data in chunks:
        crc = zlib.crc32(data, zlib.crc32(kind))
        parts += [struct.pack(">I", len(data)), kind, data, struct.pack(">I", crc)]
    return b"".join(parts)


def _is_card(chunk: Chunk) -> bool:
    return chunk.type in _TEXT_TYPES and chunk.data.partition(b"\0")[0].lower() in _KEYWORDS


def _text(chunk: Chunk) -> bytes:
    """What a text chunk says, unpacked where it is compressed."""
    rest = chunk.data.partition(b"\0")[2]
    if chunk.type == b"tEXt":
        return rest
    if chunk.type == b"zTXt":
        return _inflate(rest[1:])
    # iTXt: whether it is compressed, how, language, keyword in that language, text
    compressed, rest = rest[:1] == b"\1", rest[2:]
    text = rest.partition(b"\0")[2].partition(b"\0")[2]
    return _inflate(text) if compressed else text


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, MAX_DOCUMENT_BYTES)
    except zlib.error:
        raise _damaged() from None
    if inflater.unconsumed_tail:
        raise CardError(
            "The card in this PNG unpacks to more text than a card may have.",
            "Remove pictures or long entries embedded in the card, and import it again.",
        )
    return text


def _from_base64(text: bytes) -> bytes:
    if text.lstrip().startswith(b"{"):  # a few programs leave the base64 out
        return text
    text = b"".join(text.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise _damaged() from None


def _to_base64(card: Mapping[str, object]) -> bytes:
    return base64.b64encode(json.dumps(card, ensure_ascii=False, allow_nan=False).encode())


def _damaged() -> CardError:
    return CardError(
        "The character card in this PNG is damaged and cannot be decoded.",
        "Get the card again from where it came from.",
    )
