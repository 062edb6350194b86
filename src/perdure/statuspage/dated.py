"""An old copy of the status page says that it is one."""

from __future__ import annotations

import html

MARK = b"<!-- dated -->"
"""Where a page leaves room for the sentence."""


def dated(page: bytes, sentence: str) -> bytes:
    """The page with a sentence on why it is not of this moment; as it is where it has no room for one."""
    return page.replace(MARK, f'<p class="dated" role="status">{html.escape(sentence)}</p>'.encode(), 1)
