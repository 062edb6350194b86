"""Lists and lines in the columns that there are. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

WIDE = 64
"""Columns from which on the second column stands beside the first."""


def listed(rows: Sequence[tuple[str, str]], width: int) -> list[str]:
    """The lines of a list of (what, sentence)."""
    left = max((cell_len(what) for what, _ in rows), default=0) + 2
    lines: list[str] = []
    for what, sentence in rows:
        if width >= WIDE:
            first, *more = textwrap.wrap(sentence, max(20, width - left)) or [""]
            lines += [f"{what}{' ' * (left - cell_len(what))}{first}", *(" " * left + line for line in more)]
        else:
            lines += [what, *(f"  {line}" for line in textwrap.wrap(sentence, max(8, width - 2)))]
    return lines


def fitted(text: str, width: int) -> str:
    """The text in so many columns at most, with an ellipsis where it goes on."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""
