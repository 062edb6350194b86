"""A reply is an append-only text, and a place in it is an offset: the number of Unicode code points before it.

Promise 4 (offsets only grow) lives here: what may be appended where, and how a continuation is fitted to what is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

# What no database keeps and no JSON reader takes.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class OffsetError(ValueError):
    """Text that would leave a gap or repeat what is there."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reply has come: `offset` in code points, `tokens` of the backend that spoke them."""

    offset: int = 0
    tokens: int = 0

    def append(self, at: int, text: str, tokens: int) -> Progress:
        """The progress after `text` was put at offset `at`. Raises OffsetError unless `at` is the end."""
        if at != self.offset:
            raise OffsetError(f"text for offset {at}, but the reply ends at {self.offset}")
        return replace(self, offset=at + len(text), tokens=self.tokens + tokens)

    def tokens_left(self, max_tokens: int) -> int:
        """What a continuation may still say of a budget of `max_tokens`."""
        return max(0, max_tokens - self.tokens)


def storable(text: str) -> str:
    """The same text with U+FFFD in the place of each NUL and lone surrogate, so that offsets stay what they are."""
    return _UNSTORABLE.sub("\ufffd", text)


def overlap(prefix: str, incoming: str) -> int:
    """How many leading code points of `incoming` repeat the end of `prefix`.

    For backends that cannot go on from a prefix and are asked in words to continue: they like to repeat the last
    sentence. Repeats below eight code points are left alone, since a reply may rightly say a short word twice.
    """
    for size in range(min(len(prefix), len(incoming)), 7, -1):
        if prefix.endswith(incoming[:size]):
            return size
    return 0


def merge(shown: str, at: int, text: str) -> str:
    """What a reader who has seen `shown` sees after `text` at offset `at`: repeats are cut, a gap is refused."""
    if at > len(shown):
        raise OffsetError(f"a gap: text for offset {at}, but only {len(shown)} are there")
    return shown + text[len(shown) - at :]
