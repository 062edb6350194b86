"""From bytes to a JSON document, with errors for people who have never heard of an encoding."""

from __future__ import annotations

import codecs
import json
from typing import Final

from perdure.cards.limits import MAX_DOCUMENT_BYTES, MAX_VALUES, megabytes
from perdure.core.characters import CardError

# UTF-32 stands before UTF-16, whose little-endian mark is the beginning of the other's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GET_AGAIN: Final = "Get the card again from where it came from: this copy is damaged."


def decode_json(data: bytes) -> object:
    """Decode UTF-8 (also UTF-16 and UTF-32, marked or not) and parse it as JSON.

    Raises CardError for anything that is not a JSON document in one of these encodings.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise CardError(
            f"This card has more than {megabytes(MAX_DOCUMENT_BYTES)} of text.",
            "Remove pictures or long entries embedded in the card, and import it again.",
        )
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        raise CardError(
            "This file is not text in UTF-8, so it cannot be read as a JSON card.",
            "Open it in an editor and save it with the encoding UTF-8, or choose the card as a PNG.",
        ) from None
    # Counted before parsing: ten megabytes of empty lists would become half a gigabyte of objects.
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise CardError("This JSON holds more values than any character card.", _GET_AGAIN)
    try:
        document: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise CardError(
            f"This is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}.", _GET_AGAIN
        ) from None
    except RecursionError:
        raise CardError("This JSON is nested too deeply to be a character card.", _GET_AGAIN) from None
    except ValueError:  # a whole number of thousands of digits, which Python refuses to convert
        raise CardError("This JSON holds a number too long to be read.", _GET_AGAIN) from None
    return document


def encode_json(document: object) -> bytes:
    """The document as UTF-8, as people like to read it."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False).encode()


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    # JSON begins with an ASCII character, so where its zero bytes are tells its width and byte order.
    if data[:4].count(0) == 3 and len(data) >= 4:
        return "utf-32-le" if data[0] else "utf-32-be"
    if data[:2].count(0) == 1 and len(data) >= 2:
        return "utf-16-le" if data[0] else "utf-16-be"
    return "utf-8"
