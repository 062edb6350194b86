"""The store port: characters and their avatars."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.characters import Character, parse_card, to_card
from perdure.core.records import Hidden, StoredCharacter
from perdure.ports.store import Store

from .samples import T, add_chat, character, uid

pytestmark = pytest.mark.anyio


async def test_a_character_is_read_with_its_whole_card(store: Store) -> None:
    """What Perdure does not understand of a card is kept with it."""
    card = {"spec": "chara_card_v3", "data": {"name": "Adä", "tags": ["x"], "extensions": {"odd": [1, {"é": None}]}}}
    stored = StoredCharacter(uid("a"), parse_card(card), False, "d" * 64, T, T + 1)
    await store.write(lambda r: r.characters.add(stored, None))
    read = await store.read(lambda r: r.characters.get(stored.id))
    assert read is not None
    assert read == replace(stored, character=read.character)
    assert to_card(read.character) == to_card(stored.character)


async def test_an_avatar_is_bytes_beside_the_card(store: Store) -> None:
    """Only asked for by itself; the character says whether it has one."""
    await store.write(lambda r: r.characters.add(character("Ada"), b"\x89PNG\x00"))
    await store.write(lambda r: r.characters.add(character("Bo", at=T + 1), None))
    assert await store.read(lambda r: r.characters.avatar(uid("Ada"))) == b"\x89PNG\x00"
    assert await store.read(lambda r: r.characters.avatar(uid("Bo"))) is None
    assert await store.read(lambda r: r.characters.avatar(uid("nobody"))) is None
    shown = await store.read(lambda r: r.characters.all())
    assert [(c.character.name, c.has_avatar) for c in shown] == [("Ada", True), ("Bo", False)]


async def test_a_hidden_character_goes_on_in_its_chats(store: Store) -> None:
    """Out of the gallery, still there by its id."""
    await store.write(lambda r: r.characters.add(character("Ada", digest="d" * 64), b"picture"))
    await store.write(lambda r: r.characters.hide(uid("Ada"), T))
    assert await store.read(lambda r: r.characters.get(uid("Ada"))) is not None
    assert await store.read(lambda r: r.characters.name(uid("Ada"))) == "Ada"
    assert await store.read(lambda r: r.characters.name(uid("nobody"))) is None
    assert await store.read(lambda r: r.characters.avatar(uid("Ada"))) == b"picture"
    assert await store.read(lambda r: r.characters.shown(uid("Ada"))) is None
    assert await store.read(lambda r: r.characters.by_name("Ada")) is None
    assert await store.read(lambda r: r.characters.by_digest("d" * 64)) is None
    assert await store.read(lambda r: r.characters.all()) == []


async def test_a_character_is_found_by_name_in_any_case(store: Store) -> None:
    """`perdure chat ada` finds Ada, the oldest one where several have the name; É is at least found as É."""
    for n, name in enumerate(("Ada", "ada", "Élodie")):
        await store.write(lambda r, n=n, name=name: r.characters.add(character(name, at=T + n), None))

    async def found(name: str) -> str | None:
        stored = await store.read(lambda r: r.characters.by_name(name))
        return None if stored is None else stored.id

    assert await found("ADA") == uid("Ada")
    assert await found("Élodie") == uid("Élodie")
    assert await found("a%") is None


async def test_the_same_card_is_found_by_its_digest(store: Store) -> None:
    """Promise 7: importing a file twice is importing it once."""
    await store.write(lambda r: r.characters.add(character("Ada", digest="d" * 64), None))
    same = await store.read(lambda r: r.characters.by_digest("d" * 64))
    assert same is not None
    assert same.id == uid("Ada")
    assert await store.read(lambda r: r.characters.by_digest("e" * 64)) is None


async def test_a_change_changes_the_card_and_not_the_picture(store: Store) -> None:
    """Its name is found under the new spelling; when it was made stays."""
    await store.write(lambda r: r.characters.add(character("Ada"), b"picture"))
    changed = replace(character("Ada"), character=Character("Augusta"), updated_at=T + 5)
    await store.write(lambda r: r.characters.change(changed))
    read = await store.read(lambda r: r.characters.by_name("augusta"))
    assert read is not None
    assert (read.id, read.character.name, read.created_at, read.updated_at) == (uid("Ada"), "Augusta", T, T + 5)
    assert await store.read(lambda r: r.characters.by_name("ada")) is None
    assert await store.read(lambda r: r.characters.avatar(uid("Ada"))) == b"picture"


async def test_a_purge_takes_hidden_characters_that_are_in_no_chat(store: Store) -> None:
    """A chat goes on with its characters, a hidden chat too, as long as it can be brought back."""
    await store.write(add_chat)
    for n, name in enumerate(("Bo", "Cy")):
        await store.write(lambda r, n=n, name=name: r.characters.add(character(name, at=T + n), b"picture"))
    for n, name in enumerate(("Ada", "Bo")):
        await store.write(lambda r, n=n, name=name: r.characters.hide(uid(name), T + n))
    hidden = await store.read(lambda r: r.characters.hidden())
    assert hidden == [Hidden(uid("Bo"), "Bo", T + 1), Hidden(uid("Ada"), "Ada", T)]
    assert await store.write(lambda r: r.characters.purge()) == 1
    there = [await store.read(lambda r, name=name: r.characters.name(uid(name))) for name in ("Ada", "Bo", "Cy")]
    assert there == ["Ada", None, "Cy"]
    await store.write(lambda r: r.characters.show(uid("Ada")))
    assert await store.read(lambda r: r.characters.shown(uid("Ada"))) is not None
    assert await store.read(lambda r: r.characters.hidden()) == []
