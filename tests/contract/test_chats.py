"""The store port: chats, and what is forgotten of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.records import Chat, Persona
from perdure.core.turn import State
from perdure.ports.store import Records, Store

from .samples import T, add_chat, add_running, add_turn, character, message, says, turn, uid

pytestmark = pytest.mark.anyio


async def test_a_chat_is_read_as_it_was_written(store: Store) -> None:
    """The cast keeps its order."""
    chat = Chat(uid("c"), "Tëa", tuple(uid(n) for n in ("Cy", "Ada", "Bo")), uid("me"), None, T, T + 1)

    def fill(r: Records) -> None:
        for name in ("Ada", "Bo", "Cy"):
            r.characters.add(character(name), None)
        r.personas.put(Persona(uid("me"), "Kim", "a sailor", T))
        r.chats.add(chat)

    await store.write(fill)
    assert await store.read(lambda r: r.chats.get(chat.id)) == chat
    assert await store.read(lambda r: r.chats.listed(None, 9)) == [chat]


async def test_the_head_gives_the_preview(store: Store) -> None:
    """The beginning of the newest message, cut by code points."""
    text = "é😀" * 200

    def fill(r: Records) -> None:
        add_chat(r)
        r.messages.add([message("m", None, text=text)])
        r.chats.move_head(uid("chat"), uid("m"), T + 5)

    await store.write(fill)
    chat = await store.read(lambda r: r.chats.get(uid("chat")))
    assert chat is not None
    assert (chat.head_id, chat.updated_at) == (uid("m"), T + 5)
    assert chat.preview
    assert text.startswith(chat.preview)


async def test_the_list_is_newest_first_and_goes_page_by_page(store: Store) -> None:
    """Chats of the OpenAI-compatible endpoint are not in it."""
    for n in range(4):
        await store.write(lambda r, n=n: add_chat(r, str(n), at=T + n))
    await store.write(lambda r: add_chat(r, "api", at=T + 9, origin="openai"))
    assert [c.title for c in await store.read(lambda r: r.chats.listed(None, 2))] == ["3", "2"]
    assert [c.title for c in await store.read(lambda r: r.chats.listed(T + 2, 9))] == ["1", "0"]
    api = await store.read(lambda r: r.chats.get(uid("api")))
    assert api is not None
    assert api.origin == "openai"


async def test_a_name_changes_nothing_else(store: Store) -> None:
    """A rename does not bring a chat to the top."""
    before = await store.write(add_chat)
    await store.write(lambda r: r.chats.rename(before.id, "Renamed"))
    assert await store.read(lambda r: r.chats.get(before.id)) == replace(before, title="Renamed")


async def test_hiding_hides_and_keeps(store: Store) -> None:
    """Promise 6: deleting hides; the id stays taken, and the messages stay where they are."""

    def fill(r: Records) -> None:
        add_chat(r)
        r.messages.add([message("m")])
        r.chats.hide(uid("chat"), T)

    await store.write(fill)
    assert await store.read(lambda r: r.chats.get(uid("chat"))) is None
    assert await store.read(lambda r: r.chats.listed(None, 9)) == []
    assert await store.read(lambda r: r.chats.taken(uid("chat")))
    assert not await store.read(lambda r: r.chats.taken(uid("nobody")))
    assert await store.read(lambda r: r.messages.get(uid("m"))) == message("m")


async def test_only_old_chats_of_the_api_are_purged(store: Store) -> None:
    """What a program asked for through the OpenAI-compatible endpoint is not kept for ever; what people said is."""

    def fill(r: Records) -> None:
        for name, at, origin in (("old", T, "openai"), ("new", T + 50, "openai"), ("people's", T, "chat")):
            add_chat(r, name, at=at, origin=origin)
            r.messages.add([message(f"{name} m", chat=name)])
            ended = add_running(r, f"{name} t", chat=name)
            r.turns.append([says(ended, "text")], T)
            r.turns.save(replace(ended, state=State.DONE, lease=None, fence=2), 1)

    await store.write(fill)
    assert await store.write(lambda r: r.chats.purge_transient(T + 50, 9)) == 1
    assert await store.write(lambda r: r.chats.purge_transient(T + 50, 9)) == 0
    taken = [await store.read(lambda r, n=n: r.chats.taken(uid(n))) for n in ("old", "new", "people's")]
    assert taken == [False, True, True]
    left = [await store.read(lambda r, n=n: r.messages.get(uid(f"{n} m"))) for n in ("old", "new", "people's")]
    assert [found is not None for found in left] == [False, True, True]
    assert await store.read(lambda r: r.turns.get(uid("old t"))) is None


async def test_a_purge_takes_so_many_at_once(store: Store) -> None:
    """One round never holds the store for long."""
    for n in range(3):
        await store.write(lambda r, n=n: add_chat(r, str(n), origin="openai"))
    rounds = [await store.write(lambda r: r.chats.purge_transient(T + 1, 2)) for _ in range(3)]
    assert rounds == [2, 1, 0]


async def test_a_purge_leaves_what_is_still_being_written(store: Store) -> None:
    """Promise 5: a turn ends by its own events, not by the floor falling away under it."""

    def fill(r: Records) -> None:
        for name in ("queued", "running"):
            add_chat(r, name, origin="openai")
        add_turn(r, turn("a", chat="queued"))
        add_running(r, "b", chat="running")

    await store.write(fill)
    assert await store.write(lambda r: r.chats.purge_transient(T + 99, 9)) == 0
    assert await store.read(lambda r: r.turns.get(uid("a"))) is not None
    assert await store.read(lambda r: r.turns.get(uid("b"))) is not None
