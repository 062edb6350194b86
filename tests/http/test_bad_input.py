"""Bad input gets the 4xx that it deserves, as a problem document, and leaves nothing behind."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.http.asking import Asking, new_id

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"
DEEP = b'{"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


async def put(ask: Asking, body: bytes, headers: dict[str, str] | None = None) -> Any:
    """Put a message with exactly this body into a new chat, and check that a refusal leaves nothing."""
    chat = await ask.chat()
    path = f"/api/v1/chats/{chat}/messages/{new_id()}"
    answer = await ask("PUT", path, data=body, headers=JSON if headers is None else headers)
    if answer.status >= 400:
        assert len(await ask.messages(chat)) == 1, "only the greeting"
    return answer


@pytest.mark.parametrize(
    "body",
    [
        b"{", b'{"text": "a"', b"hello", b'{"text": "a"} trailing', b"{'text': 'a'}", b'{"text": "\x01"}',
        b'{"text": "a\xff"}', b'\xff\xfe{\x00', b"\x00", b'{"text": NaN',
        b'{"text": "a", "n": ' + b"9" * 5000 + b"}", DEEP,
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
async def test_what_is_no_json_is_a_bad_request(ask: Asking, body: bytes) -> None:
    """Truncated, misquoted, wrongly encoded, endlessly nested: 400."""
    (await put(ask, body)).problem(400, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        [], "text", 3, None, {}, {"text": None}, {"text": 1}, {"text": ["a"]}, {"text": {"a": 1}}, {"text": True},
        {"text": ""}, {"text": " \n\t "}, {"text": "a\0b"}, {"text": "bell \7"}, {"text": "\x1b[31mred"},
        {"text": "\x7f"}, {"text": "a", "reply": "yes"}, {"text": "a", "reply": 1}, {"text": "a", "reply": None},
        {"text": "a", "parent_id": "nonsense"}, {"text": "a", "parent_id": 7}, {"text": "a" * 100_001},
        {"text": "a", "parent_id": []}, {"TEXT": "a"},
        {"text": "a", "beside": "nonsense"}, {"text": "a", "beside": UNKNOWN, "parent_id": UNKNOWN},
    ],
    ids=lambda body: json.dumps(body)[:40],
)  # fmt: skip
async def test_a_value_that_is_not_right_is_invalid(ask: Asking, body: object) -> None:
    """Wrong types are not guessed at, and what cannot be shown or stored is refused: 422, naming the place."""
    detail = (await put(ask, json.dumps(body).encode())).problem(422, "invalid")["detail"]
    assert "text" in detail or "reply" in detail or "parent_id" in detail or "beside" in detail or "body" in detail


@pytest.mark.parametrize(
    "text",
    [rb'"\ud800"', b'"\xed\xa0\x80"', rb'"a\udfff"', rb'"\ude00\ud83d"', rb'"\u0000"', rb'"\u001f"', rb'"ok \ud83e"'],
)
async def test_lone_surrogates_and_controls_are_invalid(ask: Asking, text: bytes) -> None:
    """Escapes that stand for no character that can be kept: 422, wherever a text is taken."""
    (await put(ask, b'{"text": %s}' % text)).problem(422, "invalid")
    character = await ask("POST", "/api/v1/characters", data=b'{"name": %s}' % text, headers=JSON)
    character.problem(422, "invalid")
    tagged = await ask("POST", "/api/v1/characters", data=b'{"name": "A", "tags": [%s]}' % text, headers=JSON)
    tagged.problem(422, "invalid")
    persona = await ask("PUT", f"/api/v1/personas/{new_id()}", data=b'{"name": %s}' % text, headers=JSON)
    persona.problem(422, "invalid")
    title = await ask("PATCH", f"/api/v1/chats/{await ask.chat()}", data=b'{"title": %s}' % text, headers=JSON)
    title.problem(422, "invalid")
    session = await ask("POST", "/api/v1/session", data=b'{"access_token": %s}' % text, headers=JSON)
    session.problem(422, "invalid")
    body = b'{"model": "Mizzle", "messages": [{"role": "user", "content": %s}]}' % text
    (await ask("POST", "/v1/chat/completions", data=body, headers=JSON)).problem(422, "invalid")


@pytest.mark.parametrize(
    "text",
    [
        "ünïcödé",
        "🦆",
        "👩‍👩‍👧",
        "\u202eright to left",
        "a\nb\tc\r\nd",
        "a\u2028b\u2029",
        "\ufeffmark",
        "\ufffe\uffff",
        "\U0010ffff",
        "e\u0301",
    ],
    ids=ascii,
)
async def test_text_comes_back_as_it_was_sent(ask: Asking, text: str) -> None:
    """Whatever is Unicode text is kept code point by code point, in the answer, in the list and in the stream."""
    chat = await ask.chat()
    async with ask.follow(chat) as stream:
        said = await ask.said(chat, text, reply=False)
        told = await stream.until(lambda e: e.kind == "message" and e.data["id"] == said["message"]["id"])
    assert said["message"]["text"] == text == told[-1].data["text"] == (await ask.messages(chat))[-1]["text"]
    assert (await ask.say(chat, text, said["message"]["id"], reply=False)).status == 200


@pytest.mark.parametrize("declared", [True, False], ids=["with its length", "in chunks"])
async def test_five_megabytes_are_too_large(ask: Asking, declared: bool) -> None:
    """413 as soon as that is clear, whether the client says the size before or not."""
    body = b'{"text": "' + b"a" * 5_000_000 + b'"}'

    async def chunks() -> Any:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    data: Any = io.BytesIO(body) if declared else chunks()
    chat = await ask.chat()
    answer = await ask("PUT", f"/api/v1/chats/{chat}/messages/{new_id()}", data=data, headers=JSON)
    answer.problem(413, "too_large")
    assert len(await ask.messages(chat)) == 1


async def test_no_body_is_invalid(ask: Asking) -> None:
    """Nothing at all is no message: 422."""
    (await put(ask, b"")).problem(422, "invalid")


async def test_the_longest_message_is_taken(ask: Asking) -> None:
    """The limit is in characters, not bytes: a hundred thousand of the widest ones are a message."""
    chat = await ask.chat()
    said = await ask.said(chat, "🦆" * 100_000, reply=False)
    assert len(said["message"]["text"]) == 100_000


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"])
async def test_json_has_to_say_that_it_is_json(ask: Asking, kind: str) -> None:
    """A foreign page may send a form or plain text without asking; such a body is never read as JSON: 415."""
    (await put(ask, b'{"text": "a"}', {"Content-Type": kind})).problem(415, "unsupported_media_type")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/chats/x", "/api/v1/turns/x", "/api/v1/characters/x", "/api/v1/characters/x/avatar",
        "/api/v1/chats/x/messages", "/api/v1/chats/%00", "/api/v1/chats/%ff%fe", "/api/v1/chats?limit=0",
        "/api/v1/chats?limit=501", "/api/v1/chats?limit=x", "/api/v1/chats?before=x", "/api/v1/chats?before=nan",
        "/api/v1/chats?before=inf", "/api/v1/chats?limit=99999999999999999999999",
        "/api/v1/chats?character_id=x", "/api/v1/chats?q=%00", f"/api/v1/chats?q={'x' * 201}",
        f"/api/v1/chats/{UNKNOWN}/messages?after=x", f"/api/v1/chats/{UNKNOWN}/messages?around=x&before=x",
        "/api/v1/characters/00000000-0000-4000-8000-000000000000/export?format=exe",
    ],
)  # fmt: skip
async def test_a_path_or_query_that_is_not_right_is_invalid(ask: Asking, path: str) -> None:
    """Ids that are none, limits without sense: 422."""
    (await ask("GET", path)).problem(422, "invalid")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/chats/ID", None), ("PATCH", "/api/v1/chats/ID", {"title": "t"}),
        ("DELETE", "/api/v1/chats/ID", None), ("GET", "/api/v1/chats/ID/messages", None),
        ("PUT", "/api/v1/chats/ID/messages/ID", {"text": "t"}),
        ("PUT", "/api/v1/chats/ID/turns/ID", {"kind": "reply", "parent_id": "ID"}),
        ("PUT", "/api/v1/chats/ID", {"character_ids": ["ID"]}), ("GET", "/api/v1/turns/ID", None),
        ("POST", "/api/v1/turns/ID/stop", None), ("GET", "/api/v1/characters/ID", None),
        ("PATCH", "/api/v1/characters/ID", {"name": "n"}), ("DELETE", "/api/v1/characters/ID", None),
        ("GET", "/api/v1/characters/ID/avatar", None), ("GET", "/api/v1/characters/ID/export", None),
        ("GET", "/api/v1/chats/ID/messages/ID", None), ("DELETE", "/api/v1/chats/ID/messages/ID", None),
        ("POST", "/api/v1/chats/ID/messages/ID/restore", None), ("POST", "/api/v1/chats/ID/restore", None),
        ("PUT", "/api/v1/chats/ID/messages/ID", {"text": "t", "beside": "ID"}),
        ("PUT", "/api/v1/chats/ID/head", {"message_id": "ID", "leaf": True}),
        ("PUT", "/api/v1/chats/ID/draft", {"text": "t"}), ("POST", "/api/v1/characters/ID/restore", None),
        ("GET", "/v1/models/nobody", None),
        ("POST", "/v1/chat/completions", {"model": "nobody", "messages": [{"role": "user", "content": "x"}]}),
    ],
)  # fmt: skip
async def test_an_unknown_id_is_not_found(ask: Asking, method: str, path: str, body: Any) -> None:
    """404, for every call that names something."""
    unknown = new_id()
    sent = None if body is None else json.loads(json.dumps(body).replace("ID", unknown))
    (await ask(method, path.replace("ID", unknown), json=sent)).problem(404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {"character_ids": []}, {"character_ids": None}, {"character_ids": "x"}, {"character_ids": ["x"]},
        {"character_ids": [1]}, {"character_ids": [UNKNOWN] * 17}, {},
        {"character_ids": [UNKNOWN], "persona_id": "x"}, {"character_ids": [UNKNOWN], "greeting": -1},
        {"character_ids": [UNKNOWN], "greeting": "1"}, {"character_ids": [UNKNOWN], "greeting": 1e9},
    ],
    ids=lambda body: json.dumps(body)[:40],
)  # fmt: skip
async def test_a_chat_needs_people(ask: Asking, body: object) -> None:
    """One to sixteen characters, by their ids: 422 otherwise."""
    (await ask("PUT", f"/api/v1/chats/{new_id()}", json=body)).problem(422, "invalid")


async def test_an_unknown_persona_is_not_found(ask: Asking) -> None:
    """A chat cannot begin with nobody in it."""
    body = {"character_ids": [await ask.character()], "persona_id": new_id()}
    (await ask("PUT", f"/api/v1/chats/{new_id()}", json=body)).problem(404, "not_found")
