"""Whatever dies or hangs in the middle of a sentence, the sentence goes on, and nobody has to press anything.

With the real llama.cpp at temperature 0, so that there is one right text. `Told.text` checks what was shown on the way:
no gap, no repeat, nothing taken back.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
from contextlib import aclosing
from pathlib import Path
from urllib.request import urlopen

import pytest

from perdure.client import AsyncPerdure
from perdure.client.shapes import Turn
from perdure.engine.identity import seed_of
from perdure.models.script import expected
from tests.http.installation import DEADLINE_S, ScriptedBackend, eventually
from tests.process.conversing import Mortal, Told, is_alive, send, signalled, talking, tell

pytestmark = pytest.mark.anyio

QUESTION = "Tell me about the storm of last winter."

LONG = "Go on [[tokens=2000 interval=0.01]]"
"""To the scripted backend: long enough not to end by itself."""

_wholes: dict[Path, str] = {}


async def whole(real: Mortal, api: AsyncPerdure) -> str:
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
    """All of its children end with it, the model and a frozen one too, and the next start finishes the reply."""

    async def strike(_: Turn) -> None:
        frozen = {real.row(name)["pid"] for name in ("model", "worker-1")}
        for pid in frozen:
            send(pid, signal.SIGSTOP)
        left = await asyncio.to_thread(real.kill_supervisor)
        assert frozen < left
        assert len(left) == 5
        await asyncio.to_thread(eventually, lambda: not any(map(is_alive, left)))
        await asyncio.to_thread(real.start)

    async with talking(real) as api:
        text = await whole(real, api)
        whole_in_the_end(await tell(api, QUESTION, strike), text)


async def test_a_stop_in_good_order_gives_the_reply_back(real: Mortal) -> None:
    """SIGTERM in mid-reply: the worker releases the turn, nothing keeps running, and the next start goes on."""

    async def strike(_: Turn) -> None:
        # The model is held, so that the reply cannot end while web does, which goes first.
        send(real.row("model")["pid"], signal.SIGSTOP)
        pids = [row["pid"] for row in real.processes()]
        assert len(pids) == 6
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
    "stall_after=0": "model_stalled",
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
        assert told.text == expected_of(message, told)


@pytest.mark.parametrize("order", list(itertools.permutations(["kill", "stop"])), ids="-then-".join)
async def test_a_stop_is_final_even_beside_a_takeover(impatient: Mortal, order: tuple[str, str]) -> None:
    """The stop meets the death of the worker: whichever is first, the partial text stays and nobody goes on."""
    stopped: list[Turn] = []
    async with talking(impatient) as api:

        async def strike(turn: Turn) -> None:
            worker = turn["attempts"][-1]["worker"]
            pid = impatient.row(worker)["pid"]
            for what in order:
                if what == "kill":
                    send(pid, signal.SIGKILL)
                else:
                    stopped.append(await api.stop(turn["id"]))
            await asyncio.to_thread(eventually, lambda: impatient.pid(worker) not in (None, pid))

        told = await tell(api, LONG, strike, at=30)
        assert stopped[0]["state"] == told.turn["state"] == "stopped"
        assert told.text == stopped[0]["text"]
        assert len(told.text) >= 30
        await nothing_follows(api, told)


async def test_a_zombie_writes_nothing(impatient: Mortal, backend: ScriptedBackend) -> None:
    """A frozen worker does not hear of the stop; woken with its hands full of text, it finds the turn gone.

    The supervisor is frozen with it, or it would end the worker before it wakes.
    """
    frozen: dict[str, int | None] = {}
    async with talking(impatient) as api:

        async def strike(turn: Turn) -> None:
            worker = turn["attempts"][-1]["worker"]
            frozen.update({name: impatient.row(name)["pid"] for name in ("supervisor", worker)})
            for pid in frozen.values():
                send(pid, signal.SIGSTOP)
            try:
                assert (await api.stop(turn["id"]))["state"] == "stopped"
            finally:
                for pid in reversed(frozen.values()):
                    send(pid, signal.SIGCONT)

        told = await tell(api, LONG, strike, at=30)
        assert told.turn["state"] == "stopped"
        assert expected_of(LONG, told).startswith(told.text)
        # It has woken when it closes its request; that it is the same process tells that nobody ended it instead.
        await asyncio.to_thread(eventually, lambda: outcomes_of(backend, LONG)[-1] == "client left")
        assert all(impatient.row(name)["pid"] == pid for name, pid in frozen.items())
        await nothing_follows(api, told)


async def nothing_follows(api: AsyncPerdure, told: Told) -> None:
    """Others have been served since, what was shown is what stands, and nobody was told of more."""
    assert (await tell(api, "And you? [[tokens=2]]")).outcomes == ["done"]
    assert await api.turn(told.turn["id"]) == told.turn
    assert await api.messages(told.transcript.chat_id) == told.messages
    chat_id = told.transcript.chat_id
    later = await api.put_message(chat_id, "That is all.", reply=False)
    assert later.message is not None
    async with asyncio.timeout(DEADLINE_S), aclosing(api.follow(chat_id, told.transcript.seq)) as events:
        async for event in events:
            told.transcript.see(event)
            if told.transcript.head_id == later.message["id"]:
                break
    assert told.transcript.breaches == []


def expected_of(message: str, told: Told) -> str:
    """What the scripted backend says to a message in this turn."""
    return expected(message, seed_of(told.turn["id"]))


def outcomes_of(backend: ScriptedBackend, message: str) -> list[str]:
    """What became of the requests for a message, as the scripted backend saw it."""
    with urlopen(backend.url.removesuffix("/v1") + "/control/log") as log:
        return [entry["outcome"] for entry in json.load(log)["requests"] if entry["message"] == message]
