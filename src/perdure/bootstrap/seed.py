"""Bring the starter cast into a new record."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from perdure.cards.read import read_card
from perdure.cast import StarterCard, starter_cast
from perdure.core.characters import Character
from perdure.core.records import StoredCharacter, picture_digest
from perdure.ports.clock import Clock
from perdure.ports.store import Records, Store


def starter_id(slug: str) -> str:
    """The id of a starter character: the same on every installation."""
    return str(uuid5(NAMESPACE_URL, f"urn:perdure:cast:{slug}"))


async def seed_cast(store: Store, clock: Clock) -> None:
    """Add the starter characters that were never here; those that somebody removed stay away."""
    cards = starter_cast()
    missing = await store.read(lambda r: [c for c in cards if r.characters.get(starter_id(c.slug)) is None])
    if not missing:
        return
    read = [_read(card) for card in missing]
    now = clock.now()

    def add(records: Records) -> None:
        for n, (slug, character, avatar) in enumerate(read):
            if records.characters.get(starter_id(slug)) is None:
                # A millisecond apart, so that the gallery keeps the order in which they were written.
                at = now + n / 1000
                stored = StoredCharacter(starter_id(slug), character, picture_digest(avatar), None, at, at)
                records.characters.add(stored, avatar)

    await store.write(add)


def _read(card: StarterCard) -> tuple[str, Character, bytes]:
    character, _ = read_card(card.card, f"{card.slug}.json")
    return card.slug, character, card.avatar
