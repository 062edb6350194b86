"""Which encodings a client takes."""

from __future__ import annotations

import re


def accepted(header: str) -> frozenset[str]:
    """The encodings that an Accept-Encoding header names and does not exclude (RFC 9110, section 12.5.3)."""
    parts = (part.replace(" ", "").lower().partition(";") for part in header.split(","))
    return frozenset(name for name, _, weight in parts if not re.fullmatch(r"q=0(\.0*)?", weight))
