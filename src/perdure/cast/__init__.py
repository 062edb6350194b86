"""The starter cast: seven characters written and drawn for Perdure, so that the first visit finds company.

Each is a slug with three files: `<slug>.json` (a V2 card), `<slug>.svg` (the drawing) and `<slug>.png` (the
drawing at 512 by 512 pixels). They are original work under the licence of this project. Here is data only;
whoever puts the cast into a store decides under which ids it lives there.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

SLUGS: Final = (
    "ansgar-tolle",
    "philomena",
    "miss-vesper",
    "ilka-varro",
    "tove-ransel",
    "mizzle",
    "sir-corvin-ell",
)


@dataclass(frozen=True, slots=True)
class StarterCard:
    """One character of the cast: its card as the JSON file's bytes and its avatar as PNG bytes."""

    slug: str
    card: bytes
    avatar: bytes


def starter_cast() -> tuple[StarterCard, ...]:
    """The whole cast, in the order in which a gallery should show it."""
    here = files(__name__)
    return tuple(
        StarterCard(
            slug=slug,
            card=here.joinpath(f"{slug}.json").read_bytes(),
            avatar=here.joinpath(f"{slug}.png").read_bytes(),
        )
        for slug in SLUGS
    )
