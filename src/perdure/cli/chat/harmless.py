"""No text commands the terminal: neither a card nor a model may move the cursor, paint, ring, or turn words around.

Every control character (C0 and C1 but the line break and the tab, so every escape sequence loses its beginning), and
what reorders a line by force (the bidirectional embeddings, overrides and isolates of Unicode's UAX #9, as in "Trojan
Source", Boucher and Anderson 2021), becomes U+FFFD. Marks that scripts need (ZWJ, ZWNJ, LRM, RLM) stay. Pure.
"""

from __future__ import annotations

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_REORDERING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_NO_CHARACTERS = (*range(0xFFF9, 0xFFFC), *range(0xD800, 0xE000))
_REPLACED: dict[int, str] = {
    **dict.fromkeys((*_CONTROLS, *_REORDERING, *_NO_CHARACTERS), "\N{REPLACEMENT CHARACTER}"),
    0x0A: "\n",
    0x09: "\t",
    0x0D: "",  # of a CR LF the LF stays
    0x2028: "\n",
    0x2029: "\n",
}


def harmless(text: str) -> str:
    """The text, as it may be written to a terminal. The same whether whole or in pieces."""
    return text.translate(_REPLACED)


def harmless_line(text: str) -> str:
    """A name or a title: one line of it."""
    return " ".join(harmless(text).split())
