"""How much a card file may ask of us. One place, since every container has to keep to the same limits."""

from __future__ import annotations

from typing import Final

from perdure.core.characters import MAX_CARD_BYTES

MAX_FILE_BYTES: Final = 20_000_000  # of a card file in any container, and of a picture
MAX_DOCUMENT_BYTES: Final = MAX_CARD_BYTES * 2  # of JSON text, where escapes and base64 take extra room
MAX_VALUES: Final = 1_000_000  # values in one JSON document; each takes up to 200 bytes of memory
MAX_PIXELS: Final = 40_000_000
MAX_PNG_CHUNKS: Final = 100_000  # a 20 MB picture in the usual pieces of 8 kB has 2,500
MAX_ARCHIVE_ENTRIES: Final = 5_000


def megabytes(size: int) -> str:
    """A limit as it is told to people."""
    return f"{size // 1_000_000} MB"
