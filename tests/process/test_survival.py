"""Whatever dies or hangs in the middle of a sentence, the sentence goes on, and nobody has to press anything.

With the real llama.cpp at temperature 0, so that there is one right text. `Told.text` checks what was shown on the way:
no gap, no repeat, nothing taken back.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from pathlib import Path

import pytest

from perdure.client import Api
from perdure.client.shapes import Turn
from perdure.models.script import expected
from tests.http.installation import eventually
from tests.process.conversing import Mortal, Told, is_alive, send, signalled, talking, tell

pytestmark = pytest.mark.anyio

QUESTION = "Tell me about the storm of last winter."

_wholes: dict[Path, str] = {}


async def whole(real: Mortal, api: Api) -> str:
    """What an uninterrupted reply says; asked once."""
    if real.data_dir not in _wholes:
        told = await tell(api, QUESTION)
        assert told.outcomes == ["done"]
        _wholes[real.data_dir] = told.text
    return _wholes[real.data_dir]


def whole_in_the_end(told: Told, text: str) -> None:
    """The turn was interrupted, and is done."""
    assert told.text == text
    assert told.turn["state"] == "done"
    assert told.turn["error"] is None
    assert len(told.outcomes) >= 2
    assert told.outcomes[-1] == "done"


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
@pytest.mark.parametrize("victim", ["worker", "model"])
async def test_a_reply_outlives(real: Mortal, victim: str, signum: signal.Signals) -> None:
    """A worker or the model is killed, or hangs, in mid-reply: somebody finishes it, to the letter."""
    async with talking(real) as api:
        text = await whole(real, api)
        strike = signalled(real, signum, "" if victim == "worker" else victim)
        whole_in_the_end(await tell(api, QUESTION, strike), text)


async def test_a_reply_outlives_web(real: Mortal) -> None:
    """Web dies, and nobody who writes the reply notices; who reads it comes back and reads on."""
    async with talking(real) as api:
        text = await whole(real, api)
        told = await tell(api, QUESTION, signalled(real, signal.SIGKILL, "web"))
        assert told.text == text
        assert told.outcomes == ["done"]


async def test_a_reply_outlives_everything(real: Mortal) -> None:
    """Every process is killed at once, and Perdure is started again: the reply goes on by itself."""

    async def strike(_: Turn) -> None:
        await asyncio.to_thread(real.kill_everything)
        await asyncio.to_thread(real.start)

    async with talking(real) as api:
        text = await whole(real, api)
        whole_in_the_end(await tell(api, QUESTION, strike), text)


async def test_a_killed_supervisor_leaves_no_orphan(real: Mortal) -> None:
    """All of its children end with it, the model and a frozen worker too, and the next start finishes the reply."""

    async def strike(_: Turn) -> None:
        worker = real.row("worker-1")["pid"]
        send(worker, signal.SIGSTOP)
        left = await asyncio.to_thread(real.kill_supervisor)
        assert worker in left
        assert len(left) == 4
        await asyncio.to_thread(eventually, lambda: not any(map(is_alive, left)))
        await asyncio.to_thread(real.start)

    async with talking(real) as api:
        text = await whole(real, api)
        whole_in_the_end(await tell(api, QUESTION, strike), text)


async def test_a_stop_in_good_order_gives_the_reply_back(real: Mortal) -> None:
    """SIGTERM in mid-reply: the worker releases the turn, nothing keeps running, and the next start goes on."""

    async def strike(_: Turn) -> None:
        pids = [row["pid"] for row in real.processes()]
        assert len(pids) == 5
        assert await asyncio.to_thread(real.stop) == 0
        assert not any(is_alive(pid) for pid in pids if pid is not None)
        await asyncio.to_thread(real.start)

    async with talking(real) as api:
        text = await whole(real, api)
        told = await tell(api, QUESTION, strike)
        whole_in_the_end(told, text)
        assert told.outcomes[0] == "released"


FAULTS = {
    "stall_after=5": "model_stalled",
    "first=60": "model_stalled",
    "cut_after=5": "model_cut",
    "reset_after=5": "model_cut",
    "status=500": "model_server_error",
    "status=503": "model_overloaded",
}
"""What a backend does to the first request, and what the attempt is told to have ended in."""


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_reply_outlives_the_backends_faults(impatient: Mortal, fault: str) -> None:
    """Silence before the first token and in the middle, a cut, a reset, a 5xx: asked again, the reply is whole."""
    message = f"Go on [[tokens=20 interval=0.01 times=1 {fault}]]"
    async with talking(impatient) as api:
        told = await tell(api, message)
        assert told.outcomes == [FAULTS[fault], "done"]
        assert told.text == expected(message, int(told.turn["id"].replace("-", ""), 16) % 2**31)


@pytest.mark.parametrize("order", list(itertools.permutations(["kill", "stop"])), ids="-then-".join)
async def test_a_stop_is_final_even_beside_a_takeover(impatient: Mortal, order: tuple[str, str]) -> None:
    """The stop meets the death of the worker: whichever is first, the partial text stays and nobody goes on."""
    stopped: list[Turn] = []
    async with talking(impatient) as api:

        async def strike(turn: Turn) -> None:
            pid = impatient.row(turn["attempts"][-1]["worker"])["pid"]
            for what in order:
                if what == "kill":
                    send(pid, signal.SIGKILL)
                else:
                    stopped.append(await api.stop(turn["id"]))

        told = await tell(api, "Go on [[tokens=2000 interval=0.01]]", strike, at=30)
        assert stopped[0]["state"] == told.turn["state"] == "stopped"
        assert told.text == stopped[0]["text"]
        assert len(told.text) >= 30
        await settled(api, told)


async def test_a_zombie_writes_nothing(impatient: Mortal) -> None:
    """A frozen worker does not hear of the stop; woken with its hands full of text, it finds the turn gone.

    The supervisor is frozen with it, or it would end the worker before it wakes.
    """
    async with talking(impatient) as api:

        async def strike(turn: Turn) -> None:
            frozen = [impatient.row(name)["pid"] for name in ("supervisor", turn["attempts"][-1]["worker"])]
            for pid in frozen:
                send(pid, signal.SIGSTOP)
            try:
                assert (await api.stop(turn["id"]))["state"] == "stopped"
            finally:
                for pid in reversed(frozen):
                    send(pid, signal.SIGCONT)

        message = "Go on [[tokens=2000 interval=0.01]]"
        told = await tell(api, message, strike, at=30)
        assert told.turn["state"] == "stopped"
        assert expected(message, int(told.turn["id"].replace("-", ""), 16) % 2**31).startswith(told.text)
        await settled(api, told)


async def settled(api: Api, told: Told) -> None:
    """Others have been served since, by every worker, and what was shown is what stands."""
    chat_id = told.transcript.chat_id
    workers: set[str] = set()
    while len(workers) < 2:
        turns = await asyncio.gather(
            *(tell(api, f"Next [[tokens=2 first=0.1]] {os.urandom(4).hex()}") for _ in range(2))
        )
        workers |= {turn.turn["attempts"][-1]["worker"] for turn in turns}
    assert await api.turn(told.turn["id"]) == told.turn
    assert await api.messages(chat_id) == told.messages
