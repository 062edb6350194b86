"""Safe by default: who may talk to the server, by name, by page and by token, and what its pages may do."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from perdure.http.guard import SECURITY_HEADERS, security_headers
from tests.http.asking import Asking, asking, new_id
from tests.http.installation import Installation, environment, perdure

pytestmark = pytest.mark.anyio


def port(ask: Asking) -> int:
    """Where the server listens."""
    found = urlsplit(ask.base).port
    assert found is not None
    return found


@pytest.mark.parametrize("path", ["/", "/api/v1/chats", "/v1/models", "/healthz", "/metrics"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:PORT", "127.0.0.1.evil.example", "localhost.evil", "", "[evil]"]
)
async def test_a_name_that_is_not_ours_is_refused(ask: Asking, host: str, path: str) -> None:
    """A page whose own name was pointed at this machine (DNS rebinding) reads nothing, not even the pages."""
    (await ask("GET", path, headers={"Host": host.replace("PORT", str(port(ask)))})).problem(403, "not_allowed")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:PORT", "127.0.0.1:PORT", "127.0.0.1", "[::1]:PORT", "192.168.1.7"]
)
async def test_addresses_and_localhost_are_ours(ask: Asking, host: str) -> None:
    """Nobody else can point an address, or localhost, at us."""
    answer = await ask("GET", "/api/v1/chats", headers={"Host": host.replace("PORT", str(port(ask)))})
    assert answer.status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:1",
        "http://localhost:PORT",
        "null",
        "http://127.0.0.1",
        "garbage",
        "http://[",
    ],
)
async def test_a_page_of_another_origin_changes_nothing(ask: Asking, origin: str) -> None:
    """Whatever writes has to come from our own page, or from no page at all."""
    chat, headers = await ask.chat(), {"Origin": origin.replace("PORT", str(port(ask)))}
    calls = [
        ("PUT", f"/api/v1/chats/{chat}/messages/{new_id()}", {"text": "a"}), ("DELETE", f"/api/v1/chats/{chat}", None),
        ("POST", "/api/v1/characters", {"name": "A"}), ("PATCH", f"/api/v1/chats/{chat}", {"title": "A"}),
        ("POST", "/v1/chat/completions", {}), ("POST", "/api/v1/session", {"access_token": "x"}),
    ]  # fmt: skip
    for method, path, body in calls:
        (await ask(method, path, json=body, headers=headers)).problem(403, "not_allowed")
    assert len(await ask.messages(chat)) == 1


async def test_our_own_page_may_write(ask: Asking) -> None:
    """The origin that the browser was sent to is ours; and a page of another site is told apart without one."""
    chat, body = await ask.chat(), {"text": "a", "reply": False}
    path = f"/api/v1/chats/{chat}/messages/"
    own = await ask("PUT", path + new_id(), json=body, headers={"Origin": ask.base, "Sec-Fetch-Site": "same-origin"})
    assert own.status == 201
    (await ask("PUT", path + new_id(), json=body, headers={"Sec-Fetch-Site": "cross-site"})).problem(403, "not_allowed")


async def test_no_other_origin_is_let_in_by_cors(ask: Asking) -> None:
    """No answer allows a foreign page to read it, asked before (preflight) or not."""
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    for method in ("GET", "OPTIONS"):
        answer = await ask(method, "/api/v1/chats", headers=headers)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/chats/x"), ("HEAD", "/"), ("GET", "/api/v1/chats"), ("GET", "/api/v1/nothing"),
        ("POST", "/api/v1/chats"), ("GET", "/v1/models"), ("GET", "/healthz"), ("PUT", "/api/v1/chats/x"),
    ],
)  # fmt: skip
async def test_every_answer_carries_the_security_headers(ask: Asking, method: str, path: str) -> None:
    """Pages, the API and errors alike; a script runs only from our own files."""
    answer = await ask(method, path)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_pages_may_ask_a_second_origin_only_where_the_operator_named_one() -> None:
    """Its origin and no more, for connections and nothing else; whatever its path."""
    name = "Content-Security-Policy"
    assert security_headers(None) == SECURITY_HEADERS
    allowed = security_headers("https://example.org:8443/favicon.ico")
    assert allowed.keys() == SECURITY_HEADERS.keys()
    assert "connect-src 'self' https://example.org:8443;" in allowed[name]
    assert allowed[name].replace(" https://example.org:8443", "") == SECURITY_HEADERS[name]


async def test_a_stream_carries_the_security_headers(ask: Asking) -> None:
    """The event stream too, and it is not to be stored."""
    async with ask.follow(await ask.chat()) as stream:
        assert SECURITY_HEADERS.items() <= dict(stream.response.headers).items()
        assert stream.response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2f..%2fetc/passwd", "/../../../../etc/passwd", "/assets/../../../config.py",
        "/assets/..%2f..%2fconfig.py",
        "/assets/%2e%2e/%2e%2e/config.py", "/assets//etc/passwd", "/assets/..\\..\\config.py", "//etc/passwd",
        "/%2e%2e/config.py", "/assets/%00", "/config.py", "/assets/", "/assets", "/.%00./config.py",
        "/api/v1/characters/..%2f..%2f..%2fetc%2fpasswd/avatar", "file:///etc/passwd",
    ],
)  # fmt: skip
async def test_no_path_leads_out(ask: Asking, path: str) -> None:
    """However a path is written, what comes is a file of the pages, or nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port(ask))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    index = (Path(__file__).parents[2] / "src/perdure/web/index.html").read_bytes()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"root:" not in answer
    assert b"PERDURE_CONFIG" not in answer
    assert body == index if b" 200 " in head[:20] else head[9:12] in (b"400", b"404", b"405", b"422"), head


@pytest.fixture
async def stranger(guarded: Installation) -> AsyncIterator[Asking]:
    """Somebody without the token."""
    async with asking(guarded.url) as client:
        yield client


async def test_without_the_token_nothing_is_told(stranger: Asking) -> None:
    """401 for all of the API, known path or not; the pages, and what an orchestrator asks, stay open."""
    for path in (
        "/api/v1/chats",
        "/api/v1/nothing",
        "/v1/models",
        "/metrics",
        "/api/v1/openapi.json",
        "/api/v1/status",
    ):
        answer = await stranger("GET", path)
        answer.problem(401, "access_token_required")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    (await stranger.say(new_id(), "hello")).problem(401, "access_token_required")
    for path in ("/", "/healthz", "/readyz"):
        assert (await stranger("GET", path)).status == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic TOKEN", "TOKEN", "Bearer TOKENx"])
async def test_a_wrong_token_is_none(stranger: Asking, token: str, value: str) -> None:
    """Anything but the whole token, as a bearer, is refused."""
    headers = {"Authorization": value.replace("TOKEN", token)}
    (await stranger("GET", "/api/v1/chats", headers=headers)).problem(401, "access_token_required")
    for cookie in ("perdure_token=", "perdure_token=wrong", "perdure_token", 'perdure_token="', "other=1"):
        (await stranger("GET", "/api/v1/chats", headers={"Cookie": cookie})).problem(401, "access_token_required")


async def test_the_token_by_header(stranger: Asking, token: str) -> None:
    """`Authorization: Bearer`, whatever the case of the scheme."""
    for scheme in ("Bearer", "bearer"):
        answer = await stranger("GET", "/api/v1/chats", headers={"Authorization": f"{scheme} {token}"})
        assert answer.status == 200


async def test_the_token_by_cookie(stranger: Asking, token: str) -> None:
    """A session is opened with the token and nothing else; scripts cannot read its cookie, other sites not send it."""
    (await stranger("POST", "/api/v1/session", json={"access_token": "wrong"})).problem(401, "access_token_required")
    opened = await stranger("POST", "/api/v1/session", json={"access_token": token})
    assert opened.status == 204
    cookie = SimpleCookie(opened.headers["Set-Cookie"])["perdure_token"]
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    assert cookie["path"] == "/"
    held = {"Cookie": f"perdure_token={cookie.coded_value}"}
    assert (await stranger("GET", "/api/v1/chats", headers=held)).status == 200
    # The cookie does not help a foreign page.
    foreign = {**held, "Origin": "https://evil.example"}
    (await stranger("POST", "/api/v1/characters", json={"name": "A"}, headers=foreign)).problem(403, "not_allowed")


async def test_a_session_where_no_token_is_asked_for(ask: Asking) -> None:
    """Answered all the same, without a cookie, whatever was sent."""
    for given in ("x", "€", "a;b=c", "é" * 1000):
        answer = await ask("POST", "/api/v1/session", json={"access_token": given})
        assert answer.status == 204
        assert "Set-Cookie" not in answer.headers


def test_beyond_this_machine_a_token_is_needed(tmp_path: Path) -> None:
    """`serve` on any other address refuses to start without one, and says what to do."""
    settings = environment(host="0.0.0.0", port=0, data_dir=tmp_path / "data")
    done = subprocess.run(perdure("serve"), env=settings, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "access_token" in done.stderr
    assert not (tmp_path / "data").exists()
