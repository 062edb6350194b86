"""The store port: turns, fences, leases, and the text of replies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.errors import ModelCut, StoreFull, describe
from perdure.core.lease import Lease
from perdure.core.records import Attempt, Persona
from perdure.core.reply import Progress
from perdure.core.turn import Kind, State, Turn
from perdure.ports.store import FenceLost, Records, Store

from .samples import T, add_chat, add_running, add_turn, says, turn, uid

pytestmark = pytest.mark.anyio


@pytest.fixture
async def chat(store: Store) -> str:
    """A chat to work in."""
    return (await store.write(add_chat)).id


async def running(store: Store, name: str = "turn", owner: str = "worker-1:a", until: float = T + 2) -> Turn:
    """A turn that `owner` has claimed."""
    return await store.write(lambda r: add_running(r, name, owner=owner, until=until))


async def saved(store: Store, name: str = "turn") -> Turn:
    """The turn as it stands in the record."""
    found = await store.read(lambda r: r.turns.get(uid(name)))
    assert found is not None
    return found


async def test_a_turn_is_read_as_it_was_written(store: Store, chat: str) -> None:
    """Every member survives, the error and the settings included."""
    full = Turn(
        uid("turn"),
        chat,
        uid("reply"),
        uid("asked"),
        Kind.SWIPE,
        T,
        T + 1,
        state=State.FAILED,
        fence=9,
        progress=Progress(4, 3),
        attempt=5,
        deaths=1,
        failures=2,
        not_before=T + 3,
        ended_at=T + 4,
        error=ModelCut("gone", saved=True),
    )
    settings = {"temperature": 0.5, "stop": ["\n"], "system": "é😀"}
    await store.write(lambda r: r.turns.add(full, settings))
    read = await saved(store)
    assert read.error is not None
    assert describe(read.error) == describe(ModelCut("gone", saved=True))
    assert replace(read, error=None) == replace(full, error=None)
    assert await store.read(lambda r: r.turns.settings(full.id)) == settings
    assert await store.read(lambda r: r.turns.reasoning(full.id)) == ""


async def test_an_unknown_turn_is_none(store: Store) -> None:
    """Looking is no error."""
    assert await store.read(lambda r: r.turns.get(uid("nobody"))) is None


async def test_a_save_needs_the_fence(store: Store, chat: str) -> None:
    """Promise 3: whoever read the turn before it moved on writes nothing."""
    made = await store.write(lambda r: add_turn(r, turn()))
    moved = replace(made, fence=1, state=State.RUNNING, lease=Lease("worker-1:a", T + 2))
    await store.write(lambda r: r.turns.save(moved, 0))
    with pytest.raises(FenceLost):
        await store.write(lambda r: r.turns.save(replace(made, state=State.STOPPED, fence=1), 0))
    with pytest.raises(FenceLost):
        await store.write(lambda r: r.turns.save(replace(moved, id=uid("nobody")), 1))
    assert await saved(store) == moved


async def test_text_goes_to_the_offset_under_the_fence(store: Store, chat: str) -> None:
    """Promises 3 and 4: the text, its offset, the tokens and the delta of the log are one."""
    held = await running(store)
    assert not await store.write(lambda r: r.turns.append([says(held, "Hé😀")], T + 1))
    assert not await store.write(lambda r: r.turns.append([says(held, "llo", at=3)], T + 2))
    assert await store.read(lambda r: r.turns.text(held.id)) == "Hé😀llo"
    after = await saved(store)
    assert (after.progress, after.progressed_at) == (Progress(6, 6), T + 2)
    deltas = [e for e in await store.read(lambda r: r.events.after(0, 100)) if e.kind == "delta"]
    assert [(e.offset, e.body, e.turn_id, e.message_id, e.chat_id) for e in deltas] == [
        (0, "Hé😀", held.id, held.message_id, chat),
        (3, "llo", held.id, held.message_id, chat),
    ]


@pytest.mark.parametrize(
    ("fence", "at"), [(0, 2), (2, 2), (1, 1), (1, 3), (1, 0)], ids=["old", "future", "repeat", "gap", "again"]
)
async def test_text_under_another_fence_or_offset_is_refused(store: Store, chat: str, fence: int, at: int) -> None:
    """Promises 3 and 4: the refused append changes nothing at all, not the turn and not the log."""
    held = await running(store)
    await store.write(lambda r: r.turns.append([says(held, "ab")], T + 1))
    before = await saved(store)
    refused = says(held, "xy", fence=fence, at=at, thoughts="hm")
    assert await store.write(lambda r: list(r.turns.append([refused], T + 2))) == [refused]
    assert await saved(store) == before
    assert await store.read(lambda r: r.turns.text(held.id)) == "ab"
    assert await store.read(lambda r: r.turns.reasoning(held.id)) == ""


async def test_a_repeated_append_is_refused(store: Store, chat: str) -> None:
    """Promise 4: the very same text for the very same place does not get into the log twice."""
    held = await running(store)
    same = says(held, "abc")
    assert not await store.write(lambda r: r.turns.append([same], T))
    assert await store.write(lambda r: list(r.turns.append([same], T))) == [same]
    assert await store.read(lambda r: r.turns.text(held.id)) == "abc"
    assert (await saved(store)).progress == Progress(3, 3)


@pytest.mark.parametrize("state", [State.QUEUED, State.DONE, State.STOPPED, State.FAILED])
async def test_only_a_running_turn_takes_text(store: Store, chat: str, state: State) -> None:
    """Promise 5: nothing is said behind the end, whatever fence it comes with."""
    held = await running(store)
    await store.write(lambda r: r.turns.save(replace(held, state=state, lease=None), held.fence))
    late = says(held, "late")
    assert await store.write(lambda r: list(r.turns.append([late], T))) == [late]
    assert await store.read(lambda r: r.turns.text(held.id)) == ""


async def test_of_several_streams_only_the_one_that_lost_its_fence_is_refused(store: Store, chat: str) -> None:
    """Group commit: one zombie among the living takes nobody with it."""
    first, lost, last = [await running(store, name) for name in ("a", "b", "c")]
    await store.write(lambda r: r.turns.save(replace(lost, fence=2), 1))
    appends = [says(first, "one", thoughts="1"), says(lost, "two", thoughts="2"), says(last, "three")]
    assert await store.write(lambda r: list(r.turns.append(appends, T))) == [appends[1]]
    texts = [await store.read(lambda r, t=held: r.turns.text(t.id)) for held in (first, lost, last)]
    assert texts == ["one", "", "three"]
    offsets = [(await saved(store, name)).progress.offset for name in ("a", "b", "c")]
    assert offsets == [3, 0, 5]
    assert await store.read(lambda r: r.turns.reasoning(lost.id)) == ""


@pytest.mark.parametrize("zombie_first", [True, False])
async def test_old_and_new_holder_in_one_commit(store: Store, chat: str, zombie_first: bool) -> None:
    """A worker that was frozen may hold a turn twice, under its old and under a new fence: only the new one counts."""
    old = await running(store)
    new = replace(old, fence=3)
    await store.write(lambda r: r.turns.save(new, old.fence))
    appends = [says(old, "ghost"), says(new, "alive")]
    if not zombie_first:
        appends.reverse()
    assert await store.write(lambda r: list(r.turns.append(appends, T))) == [says(old, "ghost")]
    assert await store.read(lambda r: r.turns.text(old.id)) == "alive"
    assert (await saved(store)).progress.offset == 5


async def test_nothing_to_append_is_nothing(store: Store) -> None:
    """An empty commit is no error."""
    assert not await store.write(lambda r: r.turns.append([], T))


async def test_new_text_forgives_and_thoughts_do_not(store: Store, chat: str) -> None:
    """Deaths and failures count since the last new character; hidden reasoning is none (promise 5)."""
    held = await running(store)
    tried = replace(held, deaths=2, failures=3)
    await store.write(lambda r: r.turns.save(tried, held.fence))
    await store.write(lambda r: r.turns.append([says(held, "", thoughts="hm…")], T + 1))
    after = await saved(store)
    assert (after.deaths, after.failures, after.progressed_at) == (2, 3, T)
    await store.write(lambda r: r.turns.append([says(held, "a")], T + 2))
    after = await saved(store)
    assert (after.deaths, after.failures, after.progressed_at) == (0, 0, T + 2)


async def test_hidden_reasoning_is_kept_beside_the_text(store: Store, chat: str) -> None:
    """It is never in the text, and offsets do not count it."""
    held = await running(store)
    await store.write(lambda r: r.turns.append([says(held, "", thoughts="Let me ")], T))
    await store.write(lambda r: r.turns.append([says(held, "Yes.", thoughts="think.")], T))
    assert await store.read(lambda r: r.turns.reasoning(held.id)) == "Let me think."
    assert await store.read(lambda r: r.turns.text(held.id)) == "Yes."
    assert [e.body for e in await store.read(lambda r: r.events.after(0, 9)) if e.kind == "delta"] == ["Yes."]


async def test_a_reply_may_begin_with_given_text(store: Store, chat: str) -> None:
    """A continued reply starts with the old one's words, which cost none of its budget."""
    made = await store.write(lambda r: add_turn(r, turn()))
    seeded = await store.write(lambda r: r.turns.seed_text(made, "Once ", T))
    assert seeded.progress == Progress(5, 0)
    assert await saved(store) == seeded
    assert await store.read(lambda r: r.turns.text(made.id)) == "Once "


async def test_a_turn_that_has_ended_lets_go_of_its_text(store: Store, chat: str) -> None:
    """The message holds it then, and it is not kept twice."""
    held = await running(store)
    await store.write(lambda r: r.turns.append([says(held, "Yes.")], T))
    await store.write(lambda r: r.turns.save(replace(held, progress=Progress(4, 1)), 1))
    assert await store.read(lambda r: r.turns.text(held.id)) == "Yes."
    await store.write(lambda r: r.turns.save(replace(held, state=State.DONE, lease=None), 1))
    assert await store.read(lambda r: r.turns.text(held.id)) == ""


async def test_the_queue_is_in_order_of_asking(store: Store, chat: str) -> None:
    """First come, first served; turns that wait for their time, or are not queued, are left out."""

    def fill(r: Records) -> None:
        add_turn(r, turn("third", at=T + 3))
        add_turn(r, turn("first", at=T + 1))
        add_turn(r, turn("second", at=T + 2))
        early = add_turn(r, turn("early", at=T))
        r.turns.save(replace(early, not_before=T + 10), 0)
        add_running(r, "running", at=T)

    await store.write(fill)

    async def queued(now: float, limit: int = 9) -> list[str]:
        return [t.id for t in await store.read(lambda r: r.turns.queued(now, limit))]

    assert await queued(T + 9.999) == [uid("first"), uid("second"), uid("third")]
    assert await queued(T + 10) == [uid("early"), uid("first"), uid("second"), uid("third")]
    assert await queued(T + 5, 2) == [uid("first"), uid("second")]
    before = [(await saved(store, name)).created_at for name in ("early", "first", "third")]
    ahead = [await store.read(lambda r, at=at: r.turns.count_queued(T + 9, at)) for at in before]
    assert ahead == [0, 0, 2], "one that rests after a failure is passed"


async def test_whose_turns_are_whose(store: Store, chat: str) -> None:
    """A worker's name is not a beginning of another's: worker-1 does not bury worker-10's turns, nor its own."""
    held = {
        "mine": "worker-1:new",
        "my predecessor's": "worker-1:old",
        "ten's": "worker-10:old",
        "upper's": "WORKER-1:old",
        "wild's": "worker_1:old",
    }
    for name, owner in held.items():
        await running(store, name, owner)
    await store.write(lambda r: add_turn(r, turn("queued")))

    async def others(name: str, incarnation: str) -> set[str]:
        return {t.id for t in await store.read(lambda r: r.turns.running_of_others(name, incarnation))}

    assert await others("worker-1", "new") == {uid("my predecessor's")}
    assert await others("worker-10", "new") == {uid("ten's")}
    assert await others("worker_1", "new") == {uid("wild's")}, "an underscore is no wildcard"
    assert await others("worker-", "new") == set()
    assert [t.id for t in await store.read(lambda r: r.turns.running_of("worker-1:old"))] == [uid("my predecessor's")]


async def test_a_lease_that_ran_out_is_found(store: Store, chat: str) -> None:
    """At its instant a lease has ended; turns that are not running have none."""
    await running(store, "early", until=T + 1)
    await running(store, "late", until=T + 5)
    await store.write(lambda r: add_turn(r, turn("queued")))

    async def expired(now: float) -> set[str]:
        return {t.id for t in await store.read(lambda r: r.turns.expired(now))}

    assert await expired(T + 0.999) == set()
    assert await expired(T + 1) == {uid("early")}
    assert await expired(T + 5) == {uid("early"), uid("late")}


async def test_renewal_prolongs_the_owners_leases_and_no_other(store: Store, chat: str) -> None:
    """Promise 3: a heartbeat holds what its worker holds, under the fence it has, and nothing that was taken away."""
    await running(store, "mine", "worker-1:a")
    await running(store, "also mine", "worker-1:a")
    await running(store, "yours", "worker-10:a")
    given_up = await running(store, "given up", "worker-1:a")
    await store.write(lambda r: r.turns.save(replace(given_up, state=State.QUEUED, lease=None, fence=2), 1))
    assert await store.write(lambda r: r.turns.renew("worker-1:a", T + 99)) == 2
    assert (await saved(store, "mine")).lease == Lease("worker-1:a", T + 99)
    assert (await saved(store, "mine")).fence == 1
    assert (await saved(store, "yours")).lease == Lease("worker-10:a", T + 2)
    assert (await saved(store, "given up")).lease is None


async def test_turns_that_wait_for_too_long_are_found(store: Store, chat: str) -> None:
    """Queued, and without a new character since: those that run have somebody who cares."""
    await store.write(lambda r: add_turn(r, turn("old", at=T)))
    await store.write(lambda r: add_turn(r, turn("new", at=T + 50)))
    await running(store, "running")
    assert [t.id for t in await store.read(lambda r: r.turns.waiting_since(T + 50))] == [uid("old")]
    assert await store.read(lambda r: r.turns.waiting_since(T)) == []


async def test_unfinished_turns_of_a_chat(store: Store, chat: str) -> None:
    """What a snapshot has to show as still going on."""
    await store.write(lambda r: add_chat(r, "other"))
    await store.write(lambda r: add_turn(r, turn("queued")))
    ended = await running(store, "ended")
    await store.write(lambda r: r.turns.save(replace(ended, state=State.DONE, lease=None), 1))
    await running(store, "running")
    await store.write(lambda r: add_turn(r, turn("elsewhere", chat="other")))
    assert {t.id for t in await store.read(lambda r: r.turns.unfinished(chat))} == {uid("queued"), uid("running")}


async def test_attempts_are_listed_in_order_with_their_ends(store: Store, chat: str) -> None:
    """Who tried, when, how it ended, and why."""
    held = await running(store)

    def tries(r: Records) -> None:
        r.turns.open_attempt(held.id, Attempt(1, "worker-1", "b", T, None, None))
        r.turns.close_attempt(held.id, 1, T + 1, "store_full", StoreFull("no room"))
        r.turns.open_attempt(held.id, Attempt(2, "worker-2", "b", T + 2, None, None))

    await store.write(tries)
    first, second = await store.read(lambda r: r.turns.attempts(held.id))
    assert first.error is not None
    assert describe(first.error) == describe(StoreFull("no room"))
    assert replace(first, error=None) == Attempt(1, "worker-1", "b", T, T + 1, "store_full")
    assert second == Attempt(2, "worker-2", "b", T + 2, None, None)


@pytest.mark.parametrize("text", ["\ud800", "ok \udfff", "a\0b", "\x01\x1b[31m\ufeff\u2028"])
async def test_strange_text_poisons_nothing(store: Store, chat: str, text: str) -> None:
    """A backend may send what is no text: it is refused or kept, and the log stays readable (promise 4)."""
    held = await running(store)
    try:
        await store.write(lambda r: r.turns.append([says(held, text)], T))
    except ValueError:
        assert (await saved(store)).progress.offset == 0
    said = await store.read(lambda r: r.turns.text(held.id))
    assert said in ("", text)
    assert (await saved(store)).progress.offset == len(said)
    assert [e.body for e in await store.read(lambda r: r.events.after(0, 9)) if e.kind == "delta"] == [said] * bool(
        said
    )


async def test_open_turns_are_told_with_who_writes_them(store: Store, chat: str) -> None:
    """Those that are written first, the oldest first; what has ended is not among them."""
    for name, at in (("late", T + 5), ("early", T + 1)):
        await store.write(lambda r, name=name, at=at: add_turn(r, turn(name, at=at)))
    written = await running(store)
    await store.write(lambda r: r.turns.open_attempt(written.id, Attempt(1, "worker-1", "b", T + 2, None, None)))
    ended = await running(store, "over")
    await store.write(lambda r: r.turns.save(replace(ended, state=State.DONE, lease=None, ended_at=T), ended.fence))
    found = await store.read(lambda r: r.traffic.open_turns(9))
    assert [(one.id, one.worker, one.chat_id, one.chat_title) for one in found] == [
        (written.id, "worker-1", chat, "chat"),
        (uid("early"), None, chat, "chat"),
        (uid("late"), None, chat, "chat"),
    ]
    assert [one.since for one in found] == [T + 2, T + 1, T + 5]
    assert len(await store.read(lambda r: r.traffic.open_turns(1))) == 1


async def test_people_are_told_apart_by_whom_they_write_as(store: Store, chat: str) -> None:
    """Two chats of one persona are one person's, those of none are one's; what is not asked for does not count."""
    personas = {"a": "ada", "b": "ada", "c": "bob", "d": None, "e": None}
    for name in ("ada", "bob"):
        await store.write(lambda r, name=name: r.personas.put(Persona(uid(name), name, "", T)))
    for name, who in personas.items():
        await store.write(lambda r, name=name, who=who: add_chat(r, name, persona=who))

    async def people(*names: str) -> int:
        return await store.read(lambda r: r.traffic.people({uid(name) for name in names}))

    assert await people() == 0
    assert await people("a", "b") == 1
    assert await people("a", "b", "c", "d", "e", "nobody's") == 3
