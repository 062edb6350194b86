"""Promise 5: a stop keeps what was said, is final, and wins or loses its races cleanly."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.http.asking import FINAL, Asking, new_id, reply_to
from tests.http.installation import Installation, eventually

pytestmark = pytest.mark.anyio


async def test_stop_keeps_the_text_that_was_shown(ask: Asking) -> None:
    """The partial text stands on the turn, on its message and in the stream alike, and never grows again."""
    chat = await ask.chat()
    text = "much [[tokens=500 interval=0.01]]"
    async with ask.follow(chat) as stream:
        turn = (await ask.said(chat, text))["turn"]["id"]
        await stream.until(lambda e: e.kind == "delta" and e.data["offset"] > 20)
        answer = await ask("POST", f"/api/v1/turns/{turn}/stop")
        ended = await stream.until_end(turn)
        assert answer.status == 200
        assert answer.json == ended
        # Something that is behind it in the log: nothing of the turn may come before that.
        marker = (await ask.said(chat, "marker", reply=False))["message"]["id"]
        rest = await stream.until(lambda e: e.kind == "message" and e.data["id"] == marker)
    assert ended["state"] == "stopped"
    assert ended["attempts"][-1]["outcome"] == "stopped"
    assert [e for e in rest if e.kind in ("delta", "turn")] == []
    shown = "".join(e.data["text"] for e in stream.seen if e.kind == "delta")
    assert ended["text"] == shown
    assert reply_to(text, turn).startswith(shown)
    assert (await ask.messages(chat))[-2]["text"] == shown
    assert await ask.turn(turn) == ended


async def test_a_stop_is_final_and_repeatable(ask: Asking) -> None:
    """Pressed again, or after the end, it changes nothing and answers how the turn ended."""
    chat = await ask.chat()
    done = await ask.told(chat, "short [[tokens=3]]")
    assert (await ask("POST", f"/api/v1/turns/{done['id']}/stop")).json == done
    turn = (await ask.said(chat, "long [[tokens=500 interval=0.02]]"))["turn"]["id"]
    answers = await asyncio.gather(*(ask("POST", f"/api/v1/turns/{turn}/stop") for _ in range(8)))
    assert all(answer.status == 200 and answer.json == answers[0].json for answer in answers)
    assert answers[0].json["state"] == "stopped"
    (await ask("POST", f"/api/v1/turns/{new_id()}/stop")).problem(404, "not_found")


async def test_a_stop_before_the_first_token(ask: Asking) -> None:
    """Who stops while the model still thinks gets an empty reply that has ended, and can go on at once."""
    chat = await ask.chat()
    turn = (await ask.said(chat, "slow [[first=30]]"))["turn"]["id"]
    stopped = (await ask("POST", f"/api/v1/turns/{turn}/stop")).json
    assert (stopped["state"], stopped["text"]) == ("stopped", "")
    assert (await ask.told(chat, "quick [[first=0 tokens=2]]"))["state"] == "done"


@pytest.mark.parametrize("tokens", [1, 2, 3, 5, 8])
async def test_a_stop_that_races_with_the_end(ask: Asking, tokens: int) -> None:
    """Whichever comes first decides, once: one end, and the text that was shown before it."""
    chat = await ask.chat()
    async with ask.follow(chat) as stream:
        text = f"race [[tokens={tokens} interval=0.004]]"
        turn = (await ask.said(chat, text))["turn"]["id"]
        await stream.until(lambda e: e.kind == "turn" and e.data["state"] == "running")
        answer = (await ask("POST", f"/api/v1/turns/{turn}/stop")).json
        assert answer["state"] in ("done", "stopped")
        marker = (await ask.said(chat, "marker", reply=False))["message"]["id"]
        await stream.until(lambda e: e.kind == "message" and e.data["id"] == marker)
    ends = [e.data for e in stream.seen if e.kind == "turn" and e.data["state"] in FINAL]
    assert ends == [answer] == [await ask.turn(turn)]
    assert "".join(e.data["text"] for e in stream.seen if e.kind == "delta") == answer["text"]
    assert reply_to(text, turn).startswith(answer["text"])
    assert answer["state"] == "stopped" or answer["text"] == reply_to(text, turn)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
async def test_a_stop_that_races_with_a_takeover(
    ask: Asking, installation: Installation, signum: signal.Signals
) -> None:
    """The worker dies, or is frozen and ended later, as the stop is pressed: nobody writes behind the stop."""
    chat = await ask.chat()
    async with ask.follow(chat) as stream:
        turn = (await ask.said(chat, "go [[tokens=400 interval=0.01]]"))["turn"]["id"]
        await stream.until(lambda e: e.kind == "delta" and e.data["offset"] > 10)
        worker = (await ask.turn(turn))["attempts"][-1]["worker"]
        pid = installation.kill(worker, signum)
        stopped = (await ask("POST", f"/api/v1/turns/{turn}/stop")).json
        await stream.until_end(turn)
        # The supervisor ends a frozen one. Either way a later one of this name is up before we look.
        eventually(lambda: installation.pid(worker) not in (None, pid))
        marker = await ask.said(chat, "marker [[tokens=3]]")
        await stream.until_end(marker["turn"]["id"])
    mine = [e for e in stream.seen if turn in (e.data.get("turn_id"), e.data["id"] if e.kind == "turn" else None)]
    told = [e.data["state"] for e in mine if e.kind == "turn"]
    assert told[-1] == "stopped"
    assert not set(told[:-1]) & set(FINAL)
    assert mine[-1].data["state"] == "stopped"
    shown = "".join(e.data["text"] for e in mine if e.kind == "delta")
    assert shown == stopped["text"] == (await ask.turn(turn))["text"]
