"""A message by the short way is answered as by the long one: whoever asks cannot tell which it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.http.asking import Answer, Asking, new_id

pytestmark = pytest.mark.anyio

SHORT = "application/json"
LONG = "application/json; charset=utf-8"
"""The same to FastAPI, and not plain enough for the short way."""

BODIES = [
    b'{"text": "hello", "reply": false}',
    b'{"text": "Gr\xc3\xbc\xc3\x9fe \\ud83d\\udc19", "reply": false, "parent_id": null, "more": 1}',
    b'{"text": "hello", "parent_id": "00000000-0000-0000-0000-000000000000"}',
    b'{"text": ""}',
    b'{"text": "\\ud83d"}',
    b'{"text": "\\u0000"}',
    b'{"text": "a\xff"}',
    b'{"text": 1}',
    b'{"text": "hello", "reply": "yes"}',
    b'{"text": "hello", "reply": NaN}',
    b'{"text": "hello", "parent_id": "x"}',
    b'{"text": "hello", "text": "twice", "reply": false}',
    b'{"text": "cut',
    b"{}",
    b"[]",
    b"null",
    b"",
    b'{"text":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
]


async def put(ask: Asking, chat: str, message: str, body: Any, kind: str) -> Answer:
    """Put a message by one of the ways."""
    path = f"/api/v1/chats/{chat}/messages/{message}"
    return await ask("PUT", path, data=body, headers={"Content-Type": kind})


def likeness(answer: Answer) -> tuple[int, dict[str, str], Any]:
    """An answer without what differs from one request to the next."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("Date", "Content-Length")}
    told = answer.json
    told.pop("error_id", None)
    for member in ("id", "chat_id", "parent_id", "created_at"):
        (told.get("message") or {}).pop(member, None)
    return answer.status, headers, told


@pytest.mark.parametrize("body", BODIES)
async def test_both_ways_answer_alike(ask: Asking, body: bytes) -> None:
    """Whether it is taken in or refused, and in which words."""
    answers = [await put(ask, await ask.chat(), new_id(), body, kind) for kind in (SHORT, LONG)]
    assert likeness(answers[0]) == likeness(answers[1])


async def test_both_ways_know_the_same_messages(ask: Asking) -> None:
    """Repeated or contradicted by the other way, a message is what it was; and what is nowhere is nowhere."""
    for first, second in ((SHORT, LONG), (LONG, SHORT)):
        chat, message = await ask.chat(), new_id()
        accepted = await put(ask, chat, message, BODIES[0], first)
        again = await put(ask, chat, message, BODIES[0], second)
        assert (accepted.status, again.status) == (201, 200)
        assert accepted.json == again.json
        (await put(ask, chat, message, b'{"text": "other"}', second)).problem(409, "conflict")
        (await put(ask, new_id(), message, BODIES[0], second)).problem(404, "not_found")


async def test_a_body_in_pieces_is_whole(ask: Asking) -> None:
    """Without a length, or in more than one piece: the long way gets all of it."""

    async def dripping() -> AsyncIterator[bytes]:
        for n in range(len(BODIES[0])):
            yield BODIES[0][n : n + 1]

    assert (await put(ask, await ask.chat(), new_id(), dripping(), SHORT)).status == 201
    long = b'{"reply": false, "text": "%b"}' % (b"word " * 3_900)
    answer = await put(ask, await ask.chat(), new_id(), long, SHORT)
    assert (answer.status, len(answer.json["message"]["text"])) == (201, 19_500)
