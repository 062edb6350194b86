"""The patience of a conversation in the terminal: one message is one message, however often it is sent."""

from __future__ import annotations

from typing import Any, cast

import pytest
from anyio.from_thread import start_blocking_portal

from perdure.cli.reply_view import ReplyView
from perdure.cli.server_option import Server
from perdure.cli.talk import Note, Talk
from perdure.client import Accepted, Api, ApiError, Unreachable


class Away:
    """A server that fails some calls before it answers, and remembers what it was asked."""

    def __init__(self, *failures: ApiError) -> None:
        self.failures = list(failures)
        self.asked: list[str] = []

    async def put_message(self, chat_id: str, text: str, *, message_id: str) -> Accepted:
        """Perhaps accept a message."""
        self.asked.append(message_id)
        self._fail()
        return Accepted(None, cast(Any, {"id": "T", "message_id": "M"}))

    async def stop(self, turn_id: str) -> None:
        """Perhaps stop a turn."""
        self.asked.append(turn_id)
        self._fail()

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def unreachable() -> Unreachable:
    return Unreachable("http://127.0.0.1:9", 5.0, "refused")


def test_a_message_keeps_its_id_until_it_is_accepted() -> None:
    """Nobody knows whether a try arrived: each carries the id of the first (promise 7). The outage is told once."""
    away = Away(unreachable(), ApiError(503, {}), unreachable())
    with start_blocking_portal() as portal:
        talk = Talk(portal, cast(Api, away), Server("http://127.0.0.1:9", None))
        told = list(talk.say("hello"))
        other = list(talk.say("hello"))
    assert [type(item) for item in told] == [Note, ReplyView]
    assert len(away.asked) == 5
    assert len(set(away.asked[:4])) == 1
    assert away.asked[4] != away.asked[0], "the same words again are another message"
    assert isinstance(other[-1], ReplyView)


def test_a_stop_is_tried_until_it_is_answered() -> None:
    """Who stops a reply while web restarts has stopped it."""
    away = Away(unreachable(), ApiError(500, {}))
    with start_blocking_portal() as portal:
        Talk(portal, cast(Api, away), Server("http://127.0.0.1:9", None)).stop(ReplyView("T", "M"))
    assert away.asked == ["T"] * 3


def test_a_refusal_is_final() -> None:
    """What the server has understood and refused is not sent again."""
    away = Away(ApiError(409, {"code": "turn_in_progress"}))
    with start_blocking_portal() as portal:
        talk = Talk(portal, cast(Api, away), Server("http://127.0.0.1:9", None))
        with pytest.raises(ApiError, match="refused"):
            list(talk.say("hello"))
    assert len(away.asked) == 1
