"""The store port: chats, and what is forgotten of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.records import Chat, Hidden, Persona
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
    assert await store.write(lambda r: r.chats.condemn_transient(T + 50)) == 1
    assert await store.write(lambda r: r.chats.condemn_transient(T + 50)) == 0
    assert [await store.write(lambda r: r.chats.erase(9)) for _ in range(2)] == [2, None]
    taken = [await store.read(lambda r, n=n: r.chats.taken(uid(n))) for n in ("old", "new", "people's")]
    assert taken == [False, True, True]
    left = [await store.read(lambda r, n=n: r.messages.get(uid(f"{n} m"))) for n in ("old", "new", "people's")]
    assert [found is not None for found in left] == [False, True, True]
    assert await store.read(lambda r: r.turns.get(uid("old t"))) is None


async def test_a_purge_takes_so_many_rows_at_once(store: Store) -> None:
    """One round never holds the store for long, be it for many chats or for a long one; and what is left is gone."""

    def fill(r: Records) -> None:
        for name in ("long", "short"):
            add_chat(r, name)
            r.chats.hide(uid(name), T)
        r.messages.add([message(f"m{n}", chat="long") for n in range(10)])

    await store.write(fill)
    assert await store.write(lambda r: r.chats.condemn()) == 2
    assert await store.read(lambda r: r.chats.hidden()) == []
    rounds = [await store.write(lambda r: r.chats.erase(4)) for _ in range(4)]
    assert [*filter(None, rounds)] == [4, 4, 2]
    assert await store.write(lambda r: r.chats.erase(4)) is None
    assert [await store.read(lambda r, n=n: r.chats.taken(uid(n))) for n in ("long", "short")] == [False, False]


async def test_a_purge_leaves_what_is_still_being_written(store: Store) -> None:
    """Promise 5: a turn ends by its own events, not by the floor falling away under it."""

    def fill(r: Records) -> None:
        for name in ("queued", "running"):
            add_chat(r, name, origin="openai")
        add_turn(r, turn("a", chat="queued"))
        add_running(r, "b", chat="running")

    await store.write(fill)
    assert await store.write(lambda r: r.chats.condemn_transient(T + 99)) == 0
    assert await store.read(lambda r: r.turns.get(uid("a"))) is not None
    assert await store.read(lambda r: r.turns.get(uid("b"))) is not None


async def test_a_chat_knows_its_length_and_who_spoke_last(store: Store) -> None:
    """Of the branch that is shown: the depth of its head, and one."""

    def fill(r: Records) -> None:
        add_chat(r)
        r.messages.add([replace(message("m", "elsewhere"), depth=41, author_name="Bo")])
        r.chats.move_head(uid("chat"), uid("m"), T)

    await store.write(fill)
    (chat,) = await store.read(lambda r: r.chats.listed(None, 9))
    assert (chat.messages, chat.preview_author) == (42, "Bo")
    await store.write(lambda r: r.chats.move_head(uid("chat"), None, T))
    (chat,) = await store.read(lambda r: r.chats.listed(None, 9))
    assert (chat.head_id, chat.messages, chat.preview, chat.preview_author) == (None, 0, "", None)


async def test_chats_are_found_by_what_the_list_shows(store: Store) -> None:
    """Title, preview or a character's name, in any case of any script; nothing is a pattern."""

    def fill(r: Records) -> None:
        for name in ("Ada", "Élodie", "100% Bo"):
            r.characters.add(character(name), None)
        casts = (("Tea", ["Ada"]), ("ÄRGER", ["Ada", "Élodie"]), ("third", ["100% Bo"]))
        for n, (title, cast) in enumerate(casts):
            r.chats.add(Chat(uid(title), title, tuple(map(uid, cast)), None, None, T + n, T + n))
        r.messages.add([message("m", None, chat="third", text="Straße nach " + "x" * 200 + "Bonn")])
        r.chats.move_head(uid("third"), uid("m"), T + 2)

    await store.write(fill)

    async def found(sought: str, who: str | None = None, before: float | None = None, limit: int = 9) -> list[str]:
        chats = await store.read(lambda r: r.chats.listed(before, limit, sought, uid(who) if who else None))
        return [chat.title for chat in chats]

    assert await found("") == ["third", "ÄRGER", "Tea"]
    assert await found("tEA") == ["Tea"]
    assert await found("ärger") == ["ÄRGER"]
    assert await found("ÉLO") == ["ÄRGER"]
    assert await found("STRASSE") == ["third"]
    assert await found("bonn") == []
    assert await found("0%") == ["third"]
    assert await found("_") == []
    assert await found("", "Ada") == ["ÄRGER", "Tea"]
    assert await found("ada", "Ada", T + 1) == ["Tea"]
    assert await found("", "Ada", limit=1) == ["ÄRGER"]
    assert await found("tea", "100% Bo") == []
    (whole,) = await store.read(lambda r: r.chats.listed(None, 9, "ärger"))
    assert whole.character_ids == (uid("Ada"), uid("Élodie"))


async def test_a_draft_is_kept_apart(store: Store) -> None:
    """The latest one, until it is empty; it does not make the chat any newer, and goes with it."""
    before = await store.write(add_chat)
    for text in ("Dear", "Dear Ada,\n😀"):
        await store.write(lambda r, text=text: r.chats.keep_draft(uid("chat"), text))
        assert await store.read(lambda r: r.chats.draft(uid("chat"))) == text
    assert await store.read(lambda r: r.chats.get(uid("chat"))) == before
    await store.write(lambda r: r.chats.keep_draft(uid("chat"), ""))
    assert await store.read(lambda r: r.chats.draft(uid("chat"))) == ""
    await store.write(lambda r: r.chats.keep_draft(uid("chat"), "again"))
    await store.write(lambda r: (r.chats.hide(uid("chat"), T), r.chats.condemn(), r.chats.erase(9)))
    assert await store.read(lambda r: r.chats.draft(uid("chat"))) == ""


async def test_the_persona_changes_and_what_it_began_with_does_not(store: Store) -> None:
    """So that a repeated request is known (promise 7)."""

    def fill(r: Records) -> None:
        for name in ("Kim", "Lee"):
            r.personas.put(Persona(uid(name), name, "", T))
        r.characters.add(character(), None)
        r.chats.add(Chat(uid("c"), "", (uid("Ada"),), uid("Kim"), None, T, T, greeting=2, begun_as=uid("Kim")))

    await store.write(fill)
    for persona in (uid("Lee"), None):
        await store.write(lambda r, persona=persona: r.chats.set_persona(uid("c"), persona))
        chat = await store.read(lambda r: r.chats.get(uid("c")))
        assert chat is not None
        assert (chat.persona_id, chat.begun_as, chat.greeting) == (persona, uid("Kim"), 2)


async def test_hidden_chats_are_in_the_trash_until_they_are_brought_back(store: Store) -> None:
    """The last hidden first; those of the API's clients are nobody's trash."""

    def fill(r: Records) -> None:
        for n, (name, origin) in enumerate((("one", "chat"), ("two", "chat"), ("api", "openai"), ("shown", "chat"))):
            add_chat(r, name, origin=origin)
            if name != "shown":
                r.chats.hide(uid(name), T + n)

    await store.write(fill)
    hidden = await store.read(lambda r: r.chats.hidden())
    assert hidden == [Hidden(uid("two"), "two", T + 1), Hidden(uid("one"), "one", T)]
    is_hidden = [await store.read(lambda r, n=n: r.chats.is_hidden(uid(n))) for n in ("one", "api", "shown", "none")]
    assert is_hidden == [True, False, False, False]
    await store.write(lambda r: r.chats.show(uid("one")))
    assert await store.read(lambda r: r.chats.get(uid("one"))) is not None
    assert [one.id for one in await store.read(lambda r: r.chats.hidden())] == [uid("two")]


async def test_a_hidden_chat_is_purged_when_nothing_is_written_in_it(store: Store) -> None:
    """Promise 5 goes before: a turn ends by its own events."""

    def fill(r: Records) -> None:
        for name in ("quiet", "busy", "shown"):
            add_chat(r, name)
            r.messages.add([message(f"{name} m", chat=name)])
        add_running(r, "t", chat="busy")
        for name in ("quiet", "busy"):
            r.chats.hide(uid(name), T)

    await store.write(fill)
    assert await store.write(lambda r: r.chats.condemn()) == 1
    assert await store.write(lambda r: r.chats.erase(9)) == 1
    assert not await store.read(lambda r: r.chats.taken(uid("quiet")))
    assert await store.write(lambda r: r.chats.condemn()) == 0
    assert await store.read(lambda r: r.chats.is_hidden(uid("busy")))
    assert await store.read(lambda r: r.messages.get(uid("shown m"))) is not None
