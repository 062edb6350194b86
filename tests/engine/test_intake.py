"""Taking in what people ask: once, whole, and without touching what was there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from perdure.core.characters import Character
from perdure.core.errors import Conflict, Invalid, NotFound, TurnInProgress
from perdure.core.lease import grant
from perdure.core.records import Append, Message, Persona, Role, StoredCharacter
from perdure.core.turn import Claimed, Finished, Kind, State, Turn
from perdure.engine import intake, scene
from perdure.engine.identity import seed_of
from perdure.engine.life import apply, reply_text
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore

from .doubles import SETTINGS, START_AT, add_characters, add_chat, ask, uid

pytestmark = pytest.mark.anyio

T = TypeVar("T")
NOW = START_AT + 10


def put(
    records: Records, name: str, text: str | None = None, *, parent: str | None = None, chat: str = "chat"
) -> intake.Accepted:
    """A message that wants a reply."""
    return intake.put_message(records, uid(chat), uid(name), text or name, parent, SETTINGS, NOW)


def more(records: Records, name: str, kind: Kind, parent_id: str, chat: str = "chat") -> intake.Accepted:
    """A further reply."""
    return intake.put_turn(records, uid(chat), intake.NewReply(uid(name), kind, parent_id, SETTINGS), NOW)


def finish(records: Records, turn: Turn, text: str) -> Message:
    """Let a worker say the reply."""
    claimed = apply(records, turn, Claimed("worker-1", "b", grant("worker-1:a", NOW)), NOW)
    from_here = claimed.progress.offset
    rest = text[from_here:]
    append = Append(turn.id, turn.chat_id, turn.message_id, claimed.fence, from_here, rest, len(rest))
    assert not records.turns.append([append], NOW)
    current = records.turns.get(turn.id)
    assert current is not None
    apply(records, current, Finished("stop"), NOW)
    message = records.messages.get(turn.message_id)
    assert message is not None
    return message


async def refused(store: SqliteStore, work: Callable[[Records], T], error: type[Exception]) -> None:
    """It is refused, and nothing of it is there."""
    before = await store.read(lambda records: records.events.bounds())
    with pytest.raises(error) as caught:
        await store.write(work)
    assert caught.type is error
    assert await store.read(lambda records: records.events.bounds()) == before


async def heads(store: SqliteStore, chat: str = "chat") -> str | None:
    """Where the chat stands."""
    found = await store.read(lambda records: records.chats.get(uid(chat)))
    assert found is not None
    return found.head_id


async def test_a_chat_begins_with_its_greeting(store: SqliteStore) -> None:
    """Spoken by the first of its characters, to whoever the user is."""

    def begin(records: Records) -> None:
        who = Character("Ada", first_mes="  {{char}} waves at {{user}}. ")
        records.characters.add(StoredCharacter(uid("ada"), who, None, None, NOW, NOW), None)
        records.personas.put(Persona(uid("kim"), "Kim", "", NOW))
        assert intake.put_chat(records, uid("chat"), [uid("ada")], uid("kim"), NOW)[0]

    await store.write(begin)
    (event, _) = await store.read(lambda records: [*records.events.after(0, 9), None])
    assert event is not None
    shown = json.loads(event.body)
    assert (shown["text"], shown["author"], shown["role"]) == ("Ada waves at Kim.", "Ada", "character")
    assert await heads(store) == shown["id"]
    chat = await store.read(lambda records: records.chats.get(uid("chat")))
    assert chat is not None
    assert chat.preview == "Ada waves at Kim."


async def test_the_same_chat_again_is_the_same_chat(store: SqliteStore) -> None:
    """Promise 7: and another one under its id is a conflict, also when it was deleted."""
    ids = await store.write(lambda records: add_characters(records, "Ada", "Bo"))
    first = await store.write(lambda r: intake.put_chat(r, uid("chat"), ids, None, NOW))
    again = await store.write(lambda r: intake.put_chat(r, uid("chat"), ids, None, NOW + 5))
    assert (first[0], again[0]) == (True, False)
    assert again[1] == first[1]
    await refused(store, lambda r: intake.put_chat(r, uid("chat"), ids[::-1], None, NOW), Conflict)
    await refused(store, lambda r: intake.put_chat(r, uid("new"), [uid("nobody")], None, NOW), NotFound)
    await refused(store, lambda r: intake.put_chat(r, uid("new"), ids, uid("nobody"), NOW), NotFound)
    await store.write(lambda r: r.chats.hide(uid("chat"), NOW))
    await refused(store, lambda r: intake.put_chat(r, uid("chat"), ids, None, NOW), Conflict)


async def test_a_message_comes_with_the_place_of_its_reply(store: SqliteStore) -> None:
    """In one transaction and in the order that clients rely on: message, reply, turn, head."""
    await store.write(add_chat)
    accepted = await store.write(lambda records: put(records, "hello"))
    assert accepted.created
    assert accepted.message is not None
    assert accepted.turn is not None
    assert accepted.turn.state is State.QUEUED
    events = await store.read(lambda records: records.events.after(0, 99))
    assert [event.kind for event in events] == ["message", "message", "turn", "head"]
    message, reply, turn, head = [json.loads(event.body) for event in events]
    assert (message["id"], message["text"], message["state"]) == (uid("hello"), "hello", "done")
    assert (reply["id"], reply["text"], reply["state"]) == (accepted.turn.message_id, "", "queued")
    assert (reply["parent_id"], reply["turn_id"]) == (uid("hello"), turn["id"])
    assert (turn["state"], turn["text"], turn["attempts"]) == ("queued", "", [])
    assert head == {"chat_id": uid("chat"), "head_id": reply["id"]}


async def test_the_same_message_again_counts_once(store: SqliteStore) -> None:
    """Promise 7: whenever it comes again, the answer is the answer to the first, and nothing is added."""
    await store.write(add_chat)
    first = await store.write(lambda records: put(records, "hello"))
    assert first.turn is not None
    turn = first.turn
    again = await store.write(lambda records: put(records, "hello"))
    await store.write(lambda records: finish(records, turn, "Hi."))
    last = await store.read(lambda records: records.events.bounds())
    later = await store.write(lambda records: put(records, "hello"))
    assert again == later == replace(first, created=False)
    assert await store.read(lambda records: records.events.bounds()) == last


@pytest.mark.parametrize("kind", ["text", "parent", "reply", "chat"])
async def test_an_id_with_another_content_is_a_conflict(store: SqliteStore, kind: str) -> None:
    """Promise 7: the same id for something else is nobody's retry."""
    await store.write(add_chat)
    await store.write(lambda records: add_chat(records, "other"))
    await store.write(lambda records: put(records, "hello"))
    others: dict[str, Callable[[Records], object]] = {
        "text": lambda r: put(r, "hello", "Hello!"),
        "parent": lambda r: put(r, "hello", parent=uid("hello")),
        "reply": lambda r: intake.put_message(r, uid("chat"), uid("hello"), "hello", None, None, NOW),
        "chat": lambda r: put(r, "hello", chat="other"),
    }
    await refused(store, others[kind], Conflict)


async def test_a_reply_in_progress_is_not_talked_over(store: SqliteStore) -> None:
    """While the head is being written, a message behind it is refused; a repeat of what was accepted is not."""
    turn = await store.write(ask)
    await refused(store, lambda records: put(records, "impatient"), TurnInProgress)
    await refused(store, lambda records: put(records, "impatient", parent=turn.message_id), TurnInProgress)
    assert not (await store.write(lambda records: put(records, "hello"))).created
    await store.write(lambda records: intake.stop(records, turn.id, NOW))
    assert (await store.write(lambda records: put(records, "impatient"))).created


async def test_a_message_needs_a_place_in_its_chat(store: SqliteStore) -> None:
    """Unknown chats and parents, and parents in another chat, are not found."""
    await store.write(add_chat)
    await store.write(lambda records: add_chat(records, "other"))
    await store.write(lambda r: intake.put_message(r, uid("other"), uid("there"), "x", None, None, NOW))
    await refused(store, lambda records: put(records, "m", chat="nowhere"), NotFound)
    await refused(store, lambda records: put(records, "m", parent=uid("nothing")), NotFound)
    await refused(store, lambda records: put(records, "m", parent=uid("there")), NotFound)
    await store.write(lambda records: records.chats.hide(uid("other"), NOW))
    await refused(store, lambda records: put(records, "m", chat="other"), NotFound)


async def test_a_message_may_want_no_reply(store: SqliteStore) -> None:
    """It becomes the head, and the next one follows it."""
    await store.write(add_chat)
    said = await store.write(lambda r: intake.put_message(r, uid("chat"), uid("a"), "a", None, None, NOW))
    assert said.turn is None
    assert await heads(store) == uid("a")
    following = await store.write(lambda records: put(records, "b"))
    assert following.message is not None
    assert following.message.parent_id == uid("a")


async def test_editing_and_swiping_add_and_never_overwrite(store: SqliteStore) -> None:
    """Promise 6: an edit is a sibling, a swipe is a sibling, and all that was there is as it was."""
    turn = await store.write(ask)
    reply = await store.write(lambda records: finish(records, turn, "Hi."))
    asked = await store.read(lambda records: records.messages.get(uid("hello")))
    swipe = await store.write(lambda records: more(records, "swipe", Kind.SWIPE, uid("hello")))
    assert swipe.turn is not None
    swiped = swipe.turn
    assert await heads(store) == swiped.message_id
    other = await store.write(lambda records: finish(records, swiped, "Hello!"))
    await store.write(lambda r: intake.put_message(r, uid("chat"), uid("edit"), "hi!", None, None, NOW))
    assert (other.parent_id, other.text) == (reply.parent_id, "Hello!")
    assert await store.read(lambda records: records.messages.get(reply.id)) == reply
    assert await store.read(lambda records: records.messages.get(uid("hello"))) == asked


async def test_a_reply_that_goes_on_begins_with_what_was_said(store: SqliteStore) -> None:
    """Promise 6: `continue` makes a sibling that begins with the old text; listeners get it as a delta at once."""
    turn = await store.write(ask)
    reply = await store.write(lambda records: finish(records, turn, "Once upon"))
    last = (await store.read(lambda records: records.events.bounds()))[1]
    accepted = await store.write(lambda records: more(records, "more", Kind.CONTINUE, reply.id))
    assert accepted.turn is not None
    going_on = accepted.turn
    assert (going_on.parent_id, accepted.text, going_on.progress.offset) == (uid("hello"), "Once upon", 9)
    events = await store.read(lambda records: records.events.after(last, 9))
    assert [event.kind for event in events] == ["message", "delta", "turn", "head"]
    assert (events[1].offset, events[1].body) == (0, "Once upon")
    assert json.loads(events[2].body)["text"] == "Once upon"
    assert await store.read(lambda records: reply_text(records, going_on)) == "Once upon"
    whole = await store.write(lambda records: finish(records, going_on, "Once upon a time"))
    assert whole.text == "Once upon a time"
    assert await store.read(lambda records: records.messages.get(reply.id)) == reply
    again = await store.write(lambda records: more(records, "more", Kind.CONTINUE, reply.id))
    assert (again.created, again.text) == (False, "Once upon")


async def test_what_cannot_go_on_is_said(store: SqliteStore) -> None:
    """Only a reply can be continued, only what is there can be swiped, and an id is taken once."""
    turn = await store.write(ask)
    await refused(store, lambda records: more(records, "x", Kind.SWIPE, turn.message_id), TurnInProgress)
    reply = await store.write(lambda records: finish(records, turn, "Hi."))
    await refused(store, lambda records: more(records, "x", Kind.CONTINUE, uid("hello")), Invalid)
    await refused(store, lambda records: more(records, "x", Kind.SWIPE, uid("nothing")), NotFound)
    await store.write(lambda records: more(records, "x", Kind.SWIPE, uid("hello")))
    await refused(store, lambda records: more(records, "x", Kind.CONTINUE, reply.id), Conflict)
    await refused(store, lambda records: more(records, "x", Kind.SWIPE, reply.id), Conflict)


async def test_in_a_group_the_next_one_speaks(store: SqliteStore) -> None:
    """Whoever comes behind the one that spoke last, around the table; a swipe is the same one's."""
    await store.write(lambda records: add_chat(records, "chat", "Ada", "Bo", "Cy"))
    speakers = []
    for n in range(4):
        accepted = await store.write(lambda records, n=n: put(records, f"m{n}"))
        assert accepted.turn is not None
        turn = accepted.turn
        speakers.append((await store.write(lambda records, turn=turn: finish(records, turn, "."))).author_name)
    assert speakers == ["Ada", "Bo", "Cy", "Ada"]
    swipe = await store.write(lambda records: more(records, "swipe", Kind.SWIPE, uid("m3")))
    assert swipe.turn is not None
    swiped = swipe.turn
    assert (await store.write(lambda records: finish(records, swiped, "."))).author_name == "Ada"


@pytest.mark.parametrize("state", [State.DONE, State.STOPPED])
async def test_a_stop_of_an_ended_turn_changes_nothing(store: SqliteStore, state: State) -> None:
    """Promise 5: pressing late, or twice, is no error and no event."""
    turn = await store.write(ask)
    if state is State.DONE:
        await store.write(lambda records: finish(records, turn, "Hi."))
    else:
        await store.write(lambda records: intake.stop(records, turn.id, NOW))
    before = await store.read(lambda records: (records.turns.get(turn.id), records.events.bounds()))
    stopped = await store.write(lambda records: intake.stop(records, turn.id, NOW + 9))
    assert stopped.state is state
    assert await store.read(lambda records: (records.turns.get(turn.id), records.events.bounds())) == before
    await refused(store, lambda records: intake.stop(records, uid("nobody"), NOW), NotFound)


async def test_what_a_turn_was_asked_with_stays_with_it(store: SqliteStore) -> None:
    """Every attempt samples alike: a seed is drawn once, from the turn's id, where none was given."""
    turn = await store.write(ask)
    settings = await store.read(lambda records: records.turns.settings(turn.id))
    assert settings["seed"] == seed_of(turn.id)
    assert 0 <= seed_of(turn.id) < 2**31
    part = await store.read(lambda records: scene.load(records, turn))
    assert scene.ask(part, turn).sampling.seed == settings["seed"]
    other = await store.write(lambda records: ask(records, "given", "elsewhere", seed=7, temperature=None))
    assert await store.read(lambda records: records.turns.settings(other.id)) == {**SETTINGS, "seed": 7}


async def test_a_prompt_is_the_branch_and_nothing_beside_it(store: SqliteStore) -> None:
    """A swipe does not see the reply that it stands beside."""
    turn = await store.write(ask)
    await store.write(lambda records: finish(records, turn, "Hi."))
    swipe = await store.write(lambda records: more(records, "swipe", Kind.SWIPE, uid("hello")))
    assert swipe.turn is not None
    swiped = swipe.turn
    part = await store.read(lambda records: scene.load(records, swiped))
    assert [(m.role, m.text) for m in part.scene.history] == [(Role.USER, "hello")]
    assert part.prefix == ""
    assert scene.ask(part, swiped).messages[-1].content == "hello"
