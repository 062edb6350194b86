"""The store port: characters and their avatars."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.characters import Character, parse_card, to_card
from perdure.core.records import Chat, Hidden, StoredCharacter, Use, picture_digest
from perdure.ports.store import Records, Store

from .samples import T, add_chat, character, uid

pytestmark = pytest.mark.anyio


async def test_a_character_is_read_with_its_whole_card(store: Store) -> None:
    """What Perdure does not understand of a card is kept with it."""
    card = {"spec": "chara_card_v3", "data": {"name": "Adä", "tags": ["x"], "extensions": {"odd": [1, {"é": None}]}}}
    stored = StoredCharacter(uid("a"), parse_card(card), None, "d" * 64, T, T + 1)
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
    assert [(c.character.name, c.picture) for c in shown] == [("Ada", picture_digest(b"\x89PNG\x00")), ("Bo", None)]


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


async def test_a_picture_takes_the_place_of_the_one_before(store: Store) -> None:
    """One at a time, and none again; the character tells which."""
    await store.write(lambda r: r.characters.add(character("Ada"), b"one"))
    for n, picture in enumerate((b"two", None, b"three")):
        await store.write(lambda r, picture=picture, n=n: r.characters.set_avatar(uid("Ada"), picture, T + n))
        assert await store.read(lambda r: r.characters.avatar(uid("Ada"))) == picture
        read = await store.read(lambda r: r.characters.shown(uid("Ada")))
        assert read is not None
        assert (read.picture, read.updated_at) == (None if picture is None else picture_digest(picture), T + n)


async def test_a_favourite_stays_one_until_it_is_none(store: Store) -> None:
    """A mark changes nothing else, not even when the character was changed last."""
    await store.write(lambda r: r.characters.add(character("Ada"), None))
    for mark in (True, False):
        await store.write(lambda r, mark=mark: r.characters.mark(uid("Ada"), mark))
        assert await store.read(lambda r: r.characters.all()) == [
            replace(character("Ada"), favourite=mark, character=await _card(store))
        ]


async def _card(store: Store) -> Character:
    read = await store.read(lambda r: r.characters.get(uid("Ada")))
    assert read is not None
    return read.character


async def test_a_character_knows_its_chats(store: Store) -> None:
    """Those that are shown, each once; of them the one used last. Those of OpenAI's clients are nobody's."""

    def fill(records: Records) -> None:
        for name in ("Ada", "Bo", "Cy"):
            records.characters.add(character(name), None)
        seats = {"old": ("Ada",), "group": ("Ada", "Bo", "Ada"), "gone": ("Ada", "Cy"), "transient": ("Bo",)}
        for n, (name, cast) in enumerate(seats.items()):
            origin = "openai" if name == "transient" else "chat"
            records.chats.add(Chat(uid(name), name, tuple(map(uid, cast)), None, None, T, T + n, origin))
        records.chats.hide(uid("gone"), T)

    await store.write(fill)
    used = {uid("Ada"): Use(2, uid("group"), T + 1), uid("Bo"): Use(1, uid("group"), T + 1)}
    assert await store.read(lambda r: r.characters.uses()) == used
    for name in ("Ada", "Bo", "Cy"):
        assert await store.read(lambda r, name=name: r.characters.use(uid(name))) == used.get(uid(name), Use())


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
