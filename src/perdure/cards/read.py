"""From an uploaded file, whatever it is, to a character with its picture, or to a sentence that helps."""

from __future__ import annotations

from typing import Final

from perdure.cards import charx, png
from perdure.cards.avatar import make_avatar
from perdure.cards.jsontext import decode_json
from perdure.cards.limits import MAX_FILE_BYTES, megabytes
from perdure.core.characters import CardError, Character, parse_card

_JPEG: Final = b"\xff\xd8\xff"
_ZIP: Final = b"PK\x03\x04"
_ORIGINAL: Final = "Get the original card file; a picture saved from a web page has lost its card."


def read_card(data: bytes, filename: str | None = None) -> tuple[Character, bytes | None]:
    """Read a card file by what is in it; its name only serves the message when nothing can be found.

    The second value is an avatar ready to be kept (WEBP, see `make_avatar`), or None when the file
    brings no picture. A picture that cannot be used does not cost the character: it comes without one.

    Raises CardError with what is wrong and what to do.
    """
    if not data.strip():
        raise CardError(f"{_quoted(filename)} is empty.", "Get the card again from where it came from.")
    if len(data) > MAX_FILE_BYTES:
        raise CardError(
            f"{_quoted(filename)} is larger than {megabytes(MAX_FILE_BYTES)}, the most a card may take.",
            "Save the card with a smaller picture or without embedded assets, or as JSON.",
        )
    if data.startswith(png.SIGNATURE):
        return _read_png(data)
    if data.startswith(_ZIP) or (data.startswith(_JPEG) and b"card.json" in data and b"PK\x05\x06" in data):
        return _read_charx(data)
    _refuse_others(data, filename)
    return parse_card(decode_json(data)), None


def _read_png(data: bytes) -> tuple[Character, bytes | None]:
    failure: CardError | None = None
    for document in png.card_documents(data):
        try:
            return parse_card(decode_json(document)), _avatar_or_none(data)
        except CardError as error:
            failure = failure or error
    assert failure is not None, "card_documents gives at least one"
    raise failure


def _read_charx(data: bytes) -> tuple[Character, bytes | None]:
    character = parse_card(decode_json(charx.card_document(data)))
    try:
        icon = charx.main_icon(data, character.card)
    except CardError:
        icon = None
    return character, _avatar_or_none(icon) if icon else None


def _avatar_or_none(picture: bytes) -> bytes | None:
    try:
        return make_avatar(picture)
    except CardError:
        return None


def _refuse_others(data: bytes, filename: str | None) -> None:
    """Raise for the files that people take for cards."""
    name = _quoted(filename)
    start = data[:512].lstrip().lower()
    if data.startswith((_JPEG, b"GIF8")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        kind = "JPEG" if data.startswith(_JPEG) else "GIF" if data.startswith(b"GIF8") else "WEBP"
        raise CardError(f"{name} is a {kind} picture; character cards are PNG, JSON or CHARX.", _ORIGINAL)
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        raise CardError(
            f"{name} is a web page, not a character card.",
            "Use the download button of that page, which gives a PNG or JSON file.",
        )
    if start.startswith(b"%pdf"):
        raise CardError(f"{name} is a PDF; character cards are PNG, JSON or CHARX.", _ORIGINAL)
    if start.startswith(b"version https://git-lfs"):
        raise CardError(f"{name} only points to a file kept elsewhere (Git LFS).", "Download the file itself.")


def _quoted(filename: str | None) -> str:
    """The file as it is called in a message; a name is the sender's text, so only a piece of it is shown."""
    shown = "".join(c for c in (filename or "") if c.isprintable())[-80:]
    return f"'{shown}'" if shown else "This file"
