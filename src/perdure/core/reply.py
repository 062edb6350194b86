"""A reply is an append-only text, and a place in it is an offset: the number of Unicode code points before it.

How a continuation is fitted to what is there. That offsets only grow (promise 4) is seen to where text is committed:
see `perdure.ports.store.Turns.append`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# What no database keeps and no JSON reader takes.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reply has come: `offset` in code points, `tokens` of the backend that spoke them."""

    offset: int = 0
    tokens: int = 0

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
