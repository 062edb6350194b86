"""The patience of a conversation in the terminal: one message is one message, however often it is sent."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from perdure.cli.chat.talk import Note, Talk
from perdure.client import Accepted, AsyncPerdure
from perdure.client.reply_view import ReplyView
from perdure.core.errors import ConnectionRefused, PerdureError, Restarting, ServerError, TooFast, TurnInProgress

pytestmark = pytest.mark.anyio


class Away:
    """A server that fails some calls before it answers, and remembers what it was asked."""

    def __init__(self, *failures: PerdureError, silent: bool = False) -> None:
        self.failures = list(failures)
        self.asked: list[str] = []
        self.paused: list[PerdureError] = []
        self.silent = silent

    async def put_message(self, chat_id: str, text: str, *, message_id: str, beside: str | None) -> Accepted:
        """Perhaps accept a message."""
        self.asked.append(message_id)
        await self._fail()
        return Accepted(None, cast(Any, {"id": "T", "message_id": "M"}))

    async def put_turn(self, chat_id: str, parent_id: str, kind: str, *, turn_id: str) -> Accepted:
        """Perhaps accept a turn."""
        self.asked.append(turn_id)
        await self._fail()
        return Accepted(None, cast(Any, {"id": turn_id, "message_id": "M"}))

    async def stop(self, turn_id: str) -> None:
        """Perhaps stop a turn."""
        self.asked.append(turn_id)
        await self._fail()

    async def pause(self, failures: int, error: PerdureError) -> None:
        """Wait as the server asks."""
        self.paused.append(error)

    async def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if self.silent:
            await asyncio.Event().wait()


def talk_with(away: Away) -> Talk:
    return Talk(cast(AsyncPerdure, away))


async def test_a_message_keeps_its_id_until_it_is_accepted() -> None:
    """Nobody knows whether a try arrived: each carries the id of the first (promise 7). The outage is told once."""
    away = Away(ConnectionRefused(), Restarting(), ConnectionRefused())
    talk = talk_with(away)
    told = [item async for item in talk.say("hello")]
    other = [item async for item in talk.say("hello")]
    assert [type(item) for item in told] == [Note, ReplyView]
    assert len(away.asked) == 5
    assert len(set(away.asked[:4])) == 1
    assert away.asked[4] != away.asked[0], "the same words again are another message"
    assert isinstance(other[-1], ReplyView)


async def test_a_message_that_was_given_up_is_the_same_when_sent_again() -> None:
    """It may have arrived. Other words are another message, and then nothing is remembered any more."""
    away = Away(silent=True)
    talk = talk_with(away)

    async def say(text: str) -> None:
        async for _ in talk.say(text):
            pass

    for n, text in enumerate(("hello", "hello", "other", "hello"), 1):
        sending = asyncio.create_task(say(text))
        while len(away.asked) < n:
            await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert away.asked[0] == away.asked[1]
    assert len(set(away.asked)) == 3


async def test_a_further_reply_is_asked_for_once() -> None:
    """A swipe, too, has one id however often it is asked for."""
    away = Away(ConnectionRefused(), Restarting())
    asked = [item async for item in talk_with(away).ask("P", "swipe", "Ada")]
    assert len(away.asked) == 3
    assert len(set(away.asked)) == 1
    assert isinstance(asked[-1], ReplyView)
    assert (asked[-1].turn_id, asked[-1].author) == (away.asked[0], "Ada")


async def test_a_stop_is_tried_until_it_is_answered() -> None:
    """Who stops a reply while web restarts has stopped it."""
    away = Away(ConnectionRefused(), ServerError())
    await talk_with(away).stop(ReplyView("T", "M"))
    assert away.asked == ["T"] * 3


async def test_a_refusal_is_final() -> None:
    """What the server has understood and refused is not sent again."""
    away = Away(TurnInProgress())
    with pytest.raises(TurnInProgress):
        async for _ in talk_with(away).say("hello"):
            pass
    assert len(away.asked) == 1


async def test_who_is_too_fast_is_told_and_waits() -> None:
    """A server that asks for time is not asked again before, and nobody reads that the connection was lost."""
    away = Away(TooFast(retry_after_s=29.5), TooFast(retry_after_s=3.0))
    told = [item async for item in talk_with(away).say("hello")]
    assert told[0] == Note("that is faster than this server takes messages; it is tried again in 30 s")
    assert isinstance(told[1], ReplyView)
    assert [error.retry_after_s for error in away.paused] == [29.5, 3.0]
