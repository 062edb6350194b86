"""What follows from an id that a client gave: a repeated request then needs no memory of the first one (promise 7)."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

_SPACE = uuid5(NAMESPACE_URL, "urn:perdure")


def derived_id(*parts: str) -> str:
    """An id that follows from others."""
    return str(uuid5(_SPACE, "/".join(parts)))


def seed_of(turn_id: str) -> int:
    """A seed for a turn that was given none: kept with it, so that every attempt samples alike."""
    return UUID(turn_id).int % (2**31)
