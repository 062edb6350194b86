"""The store port: personas and their avatars."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.records import Chat, Hidden, Persona, picture_digest
from perdure.ports.store import Store

from .samples import T, character, uid

pytestmark = pytest.mark.anyio

KIM, LEE = Persona(uid("k"), "Kim", "one", T), Persona(uid("l"), "Lee", "two", T + 1)


async def test_a_persona_is_put_and_put_again(store: Store) -> None:
    """Promise 7: the same id is the same persona; it keeps its place in the list, and its picture."""
    await store.write(lambda r: r.personas.put(LEE))
    assert await store.write(lambda r: r.personas.put(KIM)) is True
    await store.write(lambda r: r.personas.set_avatar(KIM.id, b"picture"))
    assert await store.write(lambda r: r.personas.put(replace(KIM, name="Kimberly", created_at=T + 9))) is False
    kept = replace(KIM, name="Kimberly", picture=picture_digest(b"picture"))
    assert await store.read(lambda r: r.personas.all()) == [kept, LEE]
    assert await store.read(lambda r: r.personas.get(LEE.id)) == LEE
    assert await store.read(lambda r: r.personas.get(uid("nobody"))) is None


async def test_a_hidden_persona_stays_with_its_chats(store: Store) -> None:
    """Promise 6: it is offered no more, and still there by its id; put again, it is back."""
    await store.write(lambda r: r.personas.put(KIM))
    await store.write(lambda r: r.characters.add(character(), None))
    await store.write(lambda r: r.chats.add(Chat(uid("c"), "c", (uid("Ada"),), KIM.id, None, T, T)))
    await store.write(lambda r: r.personas.set_avatar(KIM.id, b"picture"))
    await store.write(lambda r: r.personas.hide(KIM.id, T))
    assert await store.read(lambda r: r.personas.all()) == []
    assert await store.read(lambda r: r.personas.shown(KIM.id)) is None
    assert await store.read(lambda r: r.personas.get(KIM.id)) is not None
    assert await store.read(lambda r: r.personas.avatar(KIM.id)) == b"picture"
    await store.write(lambda r: r.personas.put(KIM))
    assert [persona.id for persona in await store.read(lambda r: r.personas.all())] == [KIM.id]


async def test_hidden_personas_are_in_the_trash_until_they_are_shown_or_purged(store: Store) -> None:
    """The last hidden first; one that a chat has stays, also where that chat is hidden."""
    await store.write(lambda r: [r.personas.put(one) for one in (KIM, LEE)])
    await store.write(lambda r: r.personas.set_avatar(LEE.id, b"picture"))
    await store.write(lambda r: r.characters.add(character(), None))
    await store.write(lambda r: r.chats.add(Chat(uid("c"), "c", (uid("Ada"),), KIM.id, None, T, T)))
    await store.write(lambda r: r.chats.hide(uid("c"), T))
    for n, one in enumerate((KIM, LEE)):
        await store.write(lambda r, n=n, one=one: r.personas.hide(one.id, T + n))
    assert await store.read(lambda r: r.personas.hidden()) == [Hidden(LEE.id, "Lee", T + 1), Hidden(KIM.id, "Kim", T)]
    await store.write(lambda r: r.personas.show(LEE.id))
    assert await store.read(lambda r: r.personas.shown(LEE.id)) is not None
    assert await store.write(lambda r: r.personas.purge()) == 0
    await store.write(lambda r: r.personas.hide(LEE.id, T))
    assert await store.write(lambda r: r.personas.purge()) == 1
    assert [one.id for one in await store.read(lambda r: r.personas.hidden())] == [KIM.id]
    assert await store.read(lambda r: r.personas.get(LEE.id)) is None
    assert await store.read(lambda r: r.personas.avatar(LEE.id)) is None


async def test_a_picture_takes_the_place_of_the_one_before(store: Store) -> None:
    """One at a time, and none again."""
    await store.write(lambda r: r.personas.put(KIM))
    for picture in (b"one", b"two", None):
        await store.write(lambda r, picture=picture: r.personas.set_avatar(KIM.id, picture))
        assert await store.read(lambda r: r.personas.avatar(KIM.id)) == picture
        read = await store.read(lambda r: r.personas.shown(KIM.id))
        assert read is not None
        assert read.picture == (None if picture is None else picture_digest(picture))
