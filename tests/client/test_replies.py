"""Replies that are heard through everything, with an event loop and without: a real Perdure, a proxy that fails."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest

from perdure.client import AsyncPerdure, AsyncReply, Backoff, Event, Perdure, Reply
from perdure.client.loop_thread import LoopThread
from perdure.client.shapes import Chat
from perdure.core.errors import ConnectionRefused, ModelRefused, NotFound, PerdureError
from tests.faults import kinds
from tests.faults.proxy import Proxy
from tests.http.asking import reply_to
from tests.http.installation import DEADLINE_S, Installation, eventually

pytestmark = pytest.mark.anyio

QUICK = Backoff(first_s=0.001, longest_s=0.02)
SLOWLY = "Tell it slowly. [[tokens=40 interval=0.02]]"
BRIEFLY = "Tell it. [[tokens=12]]"


@pytest.fixture
def proxy(installation: Installation) -> Iterator[Proxy]:
    """One before the installation."""
    with Proxy(installation.url) as proxy:
        yield proxy


@pytest.fixture
async def perdure(proxy: Proxy) -> AsyncIterator[AsyncPerdure]:
    """A client behind it."""
    async with AsyncPerdure(proxy.url, backoff=QUICK) as perdure:
        yield perdure


@pytest.fixture
def waiting(proxy: Proxy) -> Iterator[Perdure]:
    """One without an event loop."""
    with Perdure(proxy.url) as perdure:
        yield perdure


async def begun(perdure: AsyncPerdure) -> Chat:
    return await perdure.put_chat([(await perdure.characters())[0]["id"]])


async def whole(perdure: AsyncPerdure, reply: AsyncReply, said: str) -> None:
    """What was heard is what the record has, and what the model said: nothing is missing, nothing is there twice."""
    assert reply.message is not None
    messages = await perdure.messages(reply.chat_id)
    assert [m["text"] for m in messages if m["role"] == "user"] == [said]
    assert messages[-1]["id"] == reply.message_id
    assert messages[-1]["text"] == reply.text == reply_to(said, reply.turn_id)
    assert reply.state == "done"


async def test_a_reply_comes_in_pieces_to_its_end(perdure: AsyncPerdure) -> None:
    """More than one of them, and together they are the text."""
    chat = await begun(perdure)
    reply = await perdure.say(chat["id"], SLOWLY)
    pieces = [piece async for piece in reply]
    assert len(pieces) > 1
    assert "".join(pieces) == reply.text
    await whole(perdure, reply, SLOWLY)
    assert [piece async for piece in reply] == [], "nothing is new since"


@pytest.mark.parametrize(
    "fault",
    [kinds.Reset(900), kinds.Cut(1500), kinds.Cut(0), kinds.Reset(), kinds.page(502), kinds.portal(), kinds.rubbish()],
    ids=str,
)
async def test_a_broken_stream_is_taken_up_where_it_was(
    perdure: AsyncPerdure, proxy: Proxy, fault: kinds.Fault
) -> None:
    """Promise 4, from the program's side: whatever happens to the stream, no character is missing or comes twice."""
    chat = await begun(perdure)
    reply = await perdure.say(chat["id"], SLOWLY)
    # The first stream may be told of a page to sign in as an error: nobody was there before. So it comes second.
    proxy.once(kinds.Cut(700), fault, fault, only="/events")
    assert "".join([piece async for piece in reply]) == reply.text
    assert proxy.count("/events") >= 3
    await whole(perdure, reply, SLOWLY)


async def test_a_stream_that_never_comes_does_not_keep_a_reply_back(perdure: AsyncPerdure, proxy: Proxy) -> None:
    """A proxy that lets no stream through, and answers: the reply is asked for, and ends."""
    chat = await begun(perdure)
    proxy.always(kinds.Cut(0), only="/events")
    reply = await perdure.say(chat["id"], BRIEFLY)
    async with asyncio.timeout(DEADLINE_S):
        assert await reply.read() == reply_to(BRIEFLY, reply.turn_id)


async def test_a_reply_on_another_branch_is_heard(perdure: AsyncPerdure) -> None:
    """Somebody shows another branch meanwhile, where a snapshot tells nothing of it."""
    chat = await begun(perdure)
    (greeting,) = await perdure.messages(chat["id"])
    reply = await perdure.say(chat["id"], BRIEFLY)
    await reply.read()
    again = await perdure.swipe(chat["id"], reply.parent_id)
    while (await perdure.turn(again.turn_id))["state"] != "done":
        await asyncio.sleep(0.01)
    await perdure.put_head(chat["id"], greeting["id"], leaf=False)
    async with asyncio.timeout(DEADLINE_S):
        assert await again.read() == (await perdure.turn(again.turn_id))["text"]


async def test_a_failed_reply_is_its_error_and_keeps_its_text(perdure: AsyncPerdure) -> None:
    """The error of the tree that the turn was given up with; what was said stays."""
    chat = await begun(perdure)
    reply = await perdure.say(chat["id"], 'No. [[tokens=8 status=400 message="no thanks"]]')
    with pytest.raises(ModelRefused) as end:
        await reply.read()
    assert end.value.saved is True
    assert end.value.error_id
    assert reply.state == "failed"
    assert reply.text == (await perdure.turn(reply.turn_id))["text"]


async def test_a_reply_can_be_stopped_continued_swiped_and_edited(perdure: AsyncPerdure) -> None:
    """All of it beside what was there: nothing is overwritten (promise 6)."""
    chat = await begun(perdure)
    reply = await perdure.say(chat["id"], "Long. [[tokens=400 interval=0.01]]")
    async for _ in reply:
        await reply.stop()
    assert reply.state == "stopped"
    more = await perdure.go_on(chat["id"], reply.message_id)
    pieces: list[str] = []
    async for piece in more:
        pieces.append(piece)
        await more.stop()
    assert more.text == reply.text + "".join(pieces)
    other = await perdure.swipe(chat["id"], reply.parent_id)
    await other.stop()
    edited = await perdure.edit(chat["id"], reply.parent_id, BRIEFLY)
    assert await edited.read() == reply_to(BRIEFLY, edited.turn_id)
    stored = await perdure.message(chat["id"], reply.message_id)
    assert stored["text"] == reply.text
    assert set(stored["siblings"] or []) == {reply.message_id, more.message_id, other.message_id}


async def test_one_intent_is_one_message_however_often_it_is_sent(perdure: AsyncPerdure, proxy: Proxy) -> None:
    """Promise 7: the answers are lost, and all tries carry one id."""
    chat = await begun(perdure)
    proxy.once(kinds.Reset(), kinds.Cut(3), kinds.rubbish(), only="PUT")
    reply = await perdure.say(chat["id"], BRIEFLY)
    await reply.read()
    asked = {request.path for request in proxy.asked if request.method == "PUT" and "/messages/" in request.path}
    assert asked == {f"/api/v1/chats/{chat['id']}/messages/{reply.parent_id}"}
    assert proxy.count("/messages/") == 4
    await whole(perdure, reply, BRIEFLY)


# --- without an event loop ----------------------------------------------------------------------------------


def test_without_a_loop_it_is_the_same(waiting: Perdure, proxy: Proxy, installation: Installation) -> None:
    """Web is killed in mid-reply, and the stream is cut: nothing is lost, nothing is repeated."""
    chat = waiting.put_chat([waiting.characters()[0]["id"]])
    proxy.once(kinds.Cut(1500), only="/events")
    reply = waiting.say(chat["id"], SLOWLY)
    pieces: list[str] = []
    struck: int | None = None
    for piece in reply:
        pieces.append(piece)
        struck = struck or installation.kill("web")
    assert len(pieces) > 1
    assert "".join(pieces) == reply.text == reply_to(SLOWLY, reply.turn_id)
    messages = waiting.messages(chat["id"])
    assert [m["text"] for m in messages[1:]] == [SLOWLY, reply.text]
    eventually(lambda: installation.pid("web") not in (None, struck))


def test_without_a_loop_errors_are_the_same(waiting: Perdure, proxy: Proxy) -> None:
    """Raised where the call is."""
    with pytest.raises(NotFound) as missing:
        waiting.chat("11111111-1111-4111-8111-111111111111")
    assert missing.value.http_status == 404
    chat = waiting.put_chat([waiting.characters()[0]["id"]])
    reply: Reply = waiting.say(chat["id"], 'No. [[status=400 message="no thanks"]]')
    with pytest.raises(ModelRefused):
        reply.read()
    with Perdure(proxy.url, patience_s=0) as impatient:
        proxy.always(kinds.REFUSE)
        with pytest.raises(ConnectionRefused):
            impatient.status()


def test_an_iterator_that_is_left_lets_go(waiting: Perdure, proxy: Proxy) -> None:
    """Whoever breaks out of a stream leaves no connection behind, and can ask on."""
    chat = waiting.put_chat([waiting.characters()[0]["id"]])
    reply = waiting.say(chat["id"], SLOWLY)
    with closing(iter(reply)) as pieces:
        assert next(pieces)
    with closing(waiting.follow(chat["id"])) as events:
        assert isinstance(next(events), Event)
    assert reply.read() == reply_to(SLOWLY, reply.turn_id)


@pytest.fixture
def by_hand() -> Iterator[None]:
    """SIGINT as at a terminal: whoever runs tests in the background may have it ignored, and this is inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("by_hand")
def test_ctrl_c_breaks_a_call_off(waiting: Perdure) -> None:
    """The wait ends at once, what ran in the thread has let go, and the client can be used on."""
    gone = threading.Event()
    thread = waiting._thread

    async def for_ever() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            gone.set()

    with pytest.raises(KeyboardInterrupt):
        thread.run(for_ever())
    assert gone.is_set()
    assert waiting.status()["version"]


def test_a_closed_client_says_so(proxy: Proxy) -> None:
    """Rather than wait for ever; closing twice is closing."""
    perdure = Perdure(proxy.url)
    with perdure:
        assert perdure.status()
    with pytest.raises(RuntimeError, match="closed"):
        perdure.status()
    thread = LoopThread()
    thread.close()
    thread.close()


def test_an_iterator_that_is_kept_longer_than_its_client_is_quiet(proxy: Proxy) -> None:
    """Closing the client has closed it: nothing is left to be done, and nothing to complain of."""
    with Perdure(proxy.url) as perdure:
        chat = perdure.put_chat([perdure.characters()[0]["id"]])
        pieces = iter(perdure.say(chat["id"], BRIEFLY))
        assert next(pieces)
    pieces.close()


def test_an_iterator_that_is_collected_in_the_clients_thread_stops_nothing(waiting: Perdure) -> None:
    """The collector of garbage runs in whichever thread it likes."""
    chat = waiting.put_chat([waiting.characters()[0]["id"]])
    kept = [iter(waiting.say(chat["id"], BRIEFLY))]
    assert next(kept[0])

    async def collect() -> None:
        kept.clear()

    waiting._thread.run(collect())
    assert waiting.status()["version"]


def test_both_clients_have_the_same_calls() -> None:
    """What one can, the other can."""
    calls = {name for name in dir(AsyncPerdure) if not name.startswith("_")}
    plumbing = {"call", "download", "open_stream", "pause", "told"}
    assert calls - plumbing <= set(dir(Perdure))
    assert issubclass(NotFound, PerdureError)
