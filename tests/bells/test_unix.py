"""The bell over real sockets: hints find whom they concern, and whoever is dead, deaf or not there harms nobody."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from perdure.bells import unix
from perdure.bells.unix import LISTING_S, SUFFIX, UnixBell
from perdure.ports.bell import Hint
from tests.http.installation import DEADLINE_S

pytestmark = pytest.mark.anyio

Heard = tuple[str, Hint]
Hang = Callable[[str], Awaitable[UnixBell]]


class Clock:
    """The time by which the bell lists its folder, in seconds; it stands still unless it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0


class Ears:
    """What all bells of a test have heard, in the order in which they heard it."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()

    def hear(self, name: str, hint: Hint) -> None:
        """Note it."""
        self._heard.put_nowait((name, hint))

    async def next(self) -> Heard:
        """The next thing that is heard."""
        async with asyncio.timeout(DEADLINE_S):
            return await self._heard.get()

    async def up_to(self, *last: Heard) -> list[Heard]:
        """All that is heard until each of `last` was. Hints reach a listener in the order in which they were rung."""
        heard: list[Heard] = []
        while not set(last) <= set(heard):
            heard.append(await self.next())
        return heard


async def ring(bell: UnixBell, hint: Hint) -> None:
    """Ring, and let the loop come round, before which nothing goes out."""
    bell.ring(hint)
    await asyncio.sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The bells' clock."""
    made = Clock()
    monkeypatch.setattr(unix, "time", SimpleNamespace(monotonic=lambda: made.now_s))
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the bells hang."""
    return tmp_path / "bells"


@pytest.fixture
def ears() -> Ears:
    """What is heard."""
    return Ears()


@pytest.fixture
async def hang(folder: Path, clock: Clock, ears: Ears) -> AsyncIterator[Hang]:
    """Hang up a bell of a role (`worker-1`) that hears everything."""
    with ExitStack() as ends:

        async def hung(who: str) -> UnixBell:
            role, _, name = who.partition("-")
            bell = UnixBell(folder, role, name)
            for hint in Hint:
                bell.listen(hint, partial(ears.hear, who, hint))
            await bell.open()
            ends.callback(bell.close)
            return bell

        yield hung


@pytest.fixture
def unread(folder: Path) -> Iterator[Callable[[str], socket.socket]]:
    """A socket of somebody who does not read: frozen while it is open, dead once it is closed."""
    with ExitStack() as ends:

        def bound(who: str) -> socket.socket:
            made = ends.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            made.bind(str(folder / f"{who}{SUFFIX}"))
            return made

        yield bound


async def test_a_hint_reaches_whom_it_concerns(hang: Hang, ears: Ears) -> None:
    """Workers hear of turns, web hears of the log, nobody hears what is not for its role, or what it rings itself."""
    for who in ("worker-1", "web-1"):
        await hang(who)
    ringer = await hang("web-2")
    for hint in (Hint.EVENTS, Hint.QUEUED, Hint.ENDED):
        ringer.ring(hint)
    last: list[Heard] = [("worker-1", Hint.ENDED), ("web-1", Hint.EVENTS)]
    heard = await ears.up_to(*last)
    assert sorted(heard) == sorted([("worker-1", Hint.QUEUED), *last])
    worker = await hang("worker-2")
    worker.ring(Hint.ENDED)
    worker.ring(Hint.EVENTS)
    everyone: list[Heard] = [("worker-1", Hint.ENDED), ("web-1", Hint.EVENTS), ("web-2", Hint.EVENTS)]
    assert sorted(await ears.up_to(*everyone)) == sorted(everyone)


async def test_a_turn_wakes_one_worker_and_each_in_its_turn(hang: Hang, ears: Ears) -> None:
    """Of three workers one hears of a turn that waits, and of three turns each worker hears of one."""
    workers = ["worker-1", "worker-2", "worker-3"]
    for who in workers:
        await hang(who)
    web = await hang("web-1")
    woken = []
    for _ in workers:
        web.ring(Hint.QUEUED)
        woken.append((await ears.next())[0])
    assert sorted(woken) == workers
    # What had been rung for others too would be heard before this.
    web.ring(Hint.ENDED)
    rest = await ears.up_to(*[(who, Hint.ENDED) for who in workers])
    assert Hint.QUEUED not in [hint for _, hint in rest]


async def test_a_hint_has_its_turn_by_itself(hang: Hang, ears: Ears) -> None:
    """Whoever begins a chat and speaks, and again, wakes both workers by turns, and not always the same one."""
    workers = ["worker-1", "worker-2"]
    for who in workers:
        await hang(who)
    web = await hang("web-1")
    woken = []
    for _ in workers:
        web.ring(Hint.OPENED)
        await ears.next()
        web.ring(Hint.QUEUED)
        woken.append((await ears.next())[0])
    assert sorted(woken) == workers


@pytest.mark.parametrize("hint", [Hint.QUEUED, Hint.ENDED])
async def test_a_dead_one_is_passed_over_and_removed(
    hang: Hang, ears: Ears, folder: Path, unread: Callable[[str], socket.socket], hint: Hint
) -> None:
    """A process that was killed leaves its socket: whoever rings takes it away, and tells the living all the same."""
    await hang("worker-2")
    web = await hang("web-1")
    unread("worker-1").close()
    for _ in range(2):  # whoever's turn it is
        web.ring(hint)
        assert await ears.next() == ("worker-2", hint)
    assert sorted(file.name for file in folder.iterdir()) == [f"web-1{SUFFIX}", f"worker-2{SUFFIX}"]


async def test_who_has_a_dead_ones_name_takes_its_place(
    hang: Hang, ears: Ears, folder: Path, unread: Callable[[str], socket.socket]
) -> None:
    """A socket file that is there already is no obstacle."""
    folder.mkdir()
    unread("worker-1").close()
    await hang("worker-1")
    (await hang("web-1")).ring(Hint.ENDED)
    assert await ears.next() == ("worker-1", Hint.ENDED)


async def test_a_newcomer_is_heard_of_in_time(hang: Hang, ears: Ears, clock: Clock) -> None:
    """Whoever rings lists the folder now and then, and no listing is used for longer than it is good for."""
    web = await hang("web-1")
    web.ring(Hint.ENDED)
    await hang("worker-1")
    clock.now_s += LISTING_S * 1.01
    web.ring(Hint.ENDED)
    assert await ears.next() == ("worker-1", Hint.ENDED)


async def test_who_has_left_is_rung_for_no_more(hang: Hang, ears: Ears, folder: Path) -> None:
    """A bell that is closed has taken its socket away; it rings no more, and closing it again changes nothing."""
    leaving, web = await hang("worker-1"), await hang("web-1")
    web.ring(Hint.ENDED)
    assert await ears.next() == ("worker-1", Hint.ENDED)
    leaving.close()
    leaving.close()
    assert [file.name for file in folder.iterdir()] == [f"web-1{SUFFIX}"]
    leaving.ring(Hint.EVENTS)
    await ring(web, Hint.ENDED)
    await hang("worker-2")
    await ring(web, Hint.ENDED)  # the one that had left was missed, so the folder is listed anew
    (await hang("worker-3")).ring(Hint.EVENTS)
    assert await ears.up_to(("web-1", Hint.EVENTS)) == [("worker-2", Hint.ENDED), ("web-1", Hint.EVENTS)]


async def test_without_open_nothing_rings(folder: Path, hang: Hang, ears: Ears) -> None:
    """A bell that was never opened tells nobody, makes nothing, and does not fail."""
    await hang("worker-1")
    silent = UnixBell(folder, "web", "1")
    silent.ring(Hint.QUEUED)
    silent.close()
    assert [file.name for file in folder.iterdir()] == [f"worker-1{SUFFIX}"]
    (await hang("web-2")).ring(Hint.ENDED)
    assert await ears.next() == ("worker-1", Hint.ENDED)


async def test_a_folder_may_lie_deep(hang: Hang, ears: Ears, tmp_path: Path) -> None:
    """A socket's address holds 107 bytes; the data folder is where its owner wants it."""
    deep = tmp_path.joinpath(*["a folder with a long name, ünd not only letters in it"] * 5)
    assert len(bytes(deep)) > 200
    listener, ringer = UnixBell(deep, "web", "1"), UnixBell(deep, "worker", "1")
    listener.listen(Hint.EVENTS, partial(ears.hear, "web-1", Hint.EVENTS))
    try:
        await listener.open()
        await ringer.open()
        ringer.ring(Hint.EVENTS)
        assert await ears.next() == ("web-1", Hint.EVENTS)
    finally:
        listener.close()
        ringer.close()
    assert list(deep.iterdir()) == []


async def test_one_that_does_not_read_is_no_error(
    hang: Hang, ears: Ears, folder: Path, clock: Clock, unread: Callable[[str], socket.socket]
) -> None:
    """A frozen process's buffer fills up: ringing neither waits nor fails, the next one is told in its place, and it
    keeps its socket, for it may wake up."""
    web = await hang("web-1")
    frozen = unread("worker-1")
    frozen.setblocking(False)
    for _ in range(5000):
        await ring(web, Hint.ENDED)
    await hang("worker-2")
    clock.now_s += LISTING_S * 1.01
    for _ in range(2):  # whoever's turn it is
        web.ring(Hint.QUEUED)
        assert await ears.next() == ("worker-2", Hint.QUEUED)
    assert (folder / f"worker-1{SUFFIX}").is_socket()
    waiting = 0
    with suppress(BlockingIOError):
        while frozen.recv(64) == Hint.ENDED.encode():
            waiting += 1
    assert 0 < waiting < 5000, "its buffer was never full"


async def test_a_crowd_is_rung_for_once(hang: Hang, ears: Ears) -> None:
    """What is rung for before the loop comes round is one hint to each, however often, and none is left out."""
    await hang("worker-1")
    web = await hang("web-1")
    for _ in range(50):
        web.ring(Hint.QUEUED)
        web.ring(Hint.ENDED)
    assert sorted([await ears.next(), await ears.next()]) == [("worker-1", Hint.ENDED), ("worker-1", Hint.QUEUED)]
    web.ring(Hint.ENDED)
    assert await ears.next() == ("worker-1", Hint.ENDED)


async def test_what_was_rung_for_last_is_heard_though_the_bell_is_closed(hang: Hang, ears: Ears) -> None:
    """A worker that goes gives its turns back, and says so."""
    await hang("worker-1")
    leaving = await hang("worker-2")
    leaving.ring(Hint.QUEUED)
    leaving.close()
    assert await ears.next() == ("worker-1", Hint.QUEUED)


async def test_what_is_no_hint_is_passed_over(hang: Hang, ears: Ears, folder: Path) -> None:
    """Anybody who may write into the folder may send anything; the hints behind it are heard."""
    await hang("worker-1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        for rubbish in (b"", b"\xff" * 60, b"queued?", b"x" * 200, Hint.QUEUED.encode()):
            stranger.sendto(rubbish, str(folder / f"worker-1{SUFFIX}"))
    assert await ears.next() == ("worker-1", Hint.QUEUED)


async def test_a_folder_that_was_removed_is_no_error(hang: Hang, folder: Path, clock: Clock) -> None:
    """`run/` may be deleted: hints are lost then, and nothing else."""
    web = await hang("web-1")
    web.ring(Hint.ENDED)
    shutil.rmtree(folder)
    clock.now_s += LISTING_S * 1.01
    web.ring(Hint.ENDED)
    web.close()
