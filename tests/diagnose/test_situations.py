"""Whose fault it is, in every situation that a way to a web service knows: real faults, on real sockets."""

from __future__ import annotations

import base64
import hashlib
import json as jsons
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdure.cli.diagnose_command import EXIT_CODES
from perdure.core.diagnosis import Finding, Sign, Step
from perdure.diagnose import Asked, Diagnosis, Target, diagnose
from tests.diagnose import faults
from tests.diagnose.certificates import NOW, STRANGER, server, trust
from tests.diagnose.faults import Handler, bytes_then, json, raw, serving, status
from tests.diagnose.name_server import BOTH, WELL, name_server
from tests.faults.networks import black_hole, nobody

pytestmark = pytest.mark.anyio

HURRY_S = 0.3
"""The patience where nothing is to come: what is silent stays silent, however busy the machine is."""

SOON_S = 1.0
"""The patience where something is to come first, and then nothing."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
EVENT = b"data: hello\n\n"
SUMMARY = '{"page": {"name": "Service"}, "status": {"indicator": "%s", "description": "Told"}, "incidents": []}'


def asked(url: str, **more: Any) -> Asked:
    return Asked(target=Target.parse(url), trust=trust, **more)


def exit_code(found: Diagnosis) -> int:
    return EXIT_CODES[found.verdict.finding]


async def opening(reader: Any, writer: Any, head: str) -> None:
    """Opens a WebSocket, as RFC 6455 has it."""
    key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    made = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    writer.write("\r\n".join([*lines, f"Sec-WebSocket-Accept: {base64.b64encode(made).decode()}", "", ""]).encode())


async def opening_wrongly(reader: Any, writer: Any, head: str) -> None:
    """Says that it opens one, and has not read the key."""
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    writer.write("\r\n".join([*lines, "Sec-WebSocket-Accept: Zm9v", "", ""]).encode())


def model_is(state: str) -> Mapping[str, Handler]:
    """A Perdure whose model is so."""
    backend = {"state": state, "model": "smol", "detail": "Nothing answers at smol."}
    return {
        "/healthz": json('{"status": "ok"}'),
        "/readyz": json('{"status": "ok"}'),
        "/api/v1/status": json(jsons.dumps({"version": "1", "backend": backend})),
    }


PROBLEM = '{"code": "%s", "title": "Told", "status": 503}'

# Situation: what answers, whose fault it is, the code of the row, and what else the service has or the user asks for.
ANSWERS: dict[str, tuple[Handler, Finding, str | None, dict[str, Any]]] = {
    "all is well": (status(200, faults.PAGE), Finding.OK, None, {}),
    "nothing new": (status(304), Finding.OK, None, {}),
    "reset after accept": (raw(bytes_then(b"", reset=True)), Finding.NETWORK, "connection_cut", {}),
    "closed without a word": (raw(bytes_then(b"")), Finding.NETWORK, "connection_cut", {}),
    "closed after the request": (bytes_then(b""), Finding.NETWORK, "connection_cut", {}),
    "silent": (bytes_then(b"", 2), Finding.NETWORK, "no_answer", {"timeout_s": HURRY_S}),
    "another protocol": (raw(bytes_then(b"SSH-2.0-OpenSSH_9.6\r\n", 0.1)), Finding.NETWORK, "proxy_in_the_way", {}),
    "TLS on a plain port": (raw(bytes_then(b"\x15\x03\x03\x00\x02\x02\x16")), Finding.NETWORK, "tls_failed", {}),
    "nginx wants TLS": (
        status(400, b"<html>The plain HTTP request was sent to HTTPS port</html>"), Finding.NETWORK, "tls_failed", {},
    ),
    "500": (status(500, b"Oops", "text/plain"), Finding.SERVER, "service_failed", {}),
    "502 of nginx": (status(502, faults.NGINX, Server="nginx/1.24"), Finding.SERVER, "server_unavailable", {}),
    "503 with a wait": (status(503, b"", Retry_After="7"), Finding.SERVER, "server_unavailable", {}),
    "504 of a proxy": (status(504, faults.NGINX, Via="1.1 proxy"), Finding.SERVER, "server_unavailable", {}),
    "521 of Cloudflare": (status(521, faults.NGINX, CF_RAY="1"), Finding.SERVER, "server_unavailable", {}),
    "529": (json('{"error": {}}', 529), Finding.SERVER, "overloaded", {}),
    "200 that holds an error": (json('{"error": {"message": "no"}}'), Finding.SERVER, "service_failed", {}),
    "leads in a circle": (status(302, Location="/"), Finding.SERVER, "service_failed", {}),
    "slow first byte": (
        bytes_then(b"", 0.2, HEAD + b"Content-Length: 2\r\n\r\nok"), Finding.SERVER, "overloaded", {"slow_s": 0.1},
    ),
    "a Perdure's own 503": (json(PROBLEM % "store_unavailable", 503), Finding.SERVER, "store_unavailable", {}),
    "a Perdure's model": (json(PROBLEM % "model_stalled", 504), Finding.MODEL, "model_stalled", {}),
    "model down": (status(200, faults.PAGE), Finding.MODEL, "model_unreachable", {"others": model_is("down")}),
    "model missing": (status(200, faults.PAGE), Finding.MODEL, "model_missing", {"others": model_is("missing")}),
    "model on its way": (status(200, faults.PAGE), Finding.MODEL, "model_missing", {"others": model_is("fetching")}),
    "model well": (status(200, faults.PAGE), Finding.OK, None, {"others": model_is("ready")}),
    "a model's server loads": (
        status(200), Finding.MODEL, "model_unreachable",
        {"path": "/v1/models", "others": {"/v1/models": json('{"error": {"message": "Loading model"}}', 503)}},
    ),
    "a model's server wants a key": (
        status(200), Finding.MODEL, "model_key_rejected",
        {"path": "/v1/models", "others": {"/v1/models": json('{"error": {"message": "Incorrect API key"}}', 401)}},
    ),
    "a model's server has no such address": (
        status(200), Finding.CLIENT, "not_found",
        {"path": "/v1/models", "others": {"/v1/models": json('{"error": {"message": "Not Found"}}', 404)}},
    ),
    "not ready": (
        status(200, faults.PAGE), Finding.SERVER, "store_unavailable",
        {"others": {"/healthz": json('{"status": "ok"}'), "/readyz": json(PROBLEM % "store_unavailable", 503)}},
    ),
    "400": (status(400), Finding.CLIENT, "bad_request", {}),
    "401": (status(401), Finding.CLIENT, "access_token_required", {}),
    "403": (status(403), Finding.CLIENT, "not_allowed", {}),
    "404": (status(404), Finding.CLIENT, "not_found", {}),
    "405": (status(405), Finding.CLIENT, "method_not_allowed", {}),
    "429": (status(429, Retry_After="3"), Finding.CLIENT, "too_fast", {}),
    "511": (status(511, faults.PORTAL), Finding.NETWORK, "captive_portal", {}),
    "portal's page": (status(200, faults.PORTAL), Finding.NETWORK, "captive_portal", {}),
    "portal's redirect": (status(302, Location="http://login.hotel.test/"), Finding.NETWORK, "captive_portal", {}),
    "elsewhere for a while": (status(302, Location="https://other.test/"), Finding.CANNOT_TELL, None, {}),
    "moved for good": (status(301, Location="https://www.moved.test/"), Finding.CANNOT_TELL, None, {}),
    "a page in the place of JSON": (
        status(200, faults.PAGE), Finding.NETWORK, "proxy_in_the_way", {"json_asked": True},
    ),
    "a page where an address for JSON is": (
        status(200, faults.PAGE), Finding.NETWORK, "proxy_in_the_way",
        {"path": "/api/items", "others": {"/api/items": status(200, faults.PAGE)}},
    ),
    "no page where an address for JSON is": (
        status(200), Finding.CLIENT, "not_found",
        {"path": "/api/items", "others": {"/api/items": status(404, faults.PAGE)}},
    ),
    "a proxy's refusal": (status(403, faults.PAGE), Finding.NETWORK, "proxy_in_the_way", {"json_asked": True}),
    "cut body": (bytes_then(HEAD + b"Content-Length: 99\r\n\r\nhalf"), Finding.NETWORK, "connection_cut", {}),
    "cut chunks": (
        bytes_then(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), Finding.NETWORK, "connection_cut", {},
    ),
    "broken chunks": (
        bytes_then(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n"), Finding.NETWORK, "connection_cut", {},
    ),
    "reset in the body": (
        bytes_then(HEAD + b"Content-Length: 99\r\n\r\nhalf", 0.05, reset=True), Finding.NETWORK, "connection_cut", {},
    ),
    "stalled body": (
        bytes_then(HEAD + b"Content-Length: 99\r\n\r\nhalf", 2), Finding.NETWORK, "connection_cut",
        {"timeout_s": SOON_S},
    ),
    "a body that comes slowly": (
        faults.dribbling(HEAD + b"Content-Length: 9999\r\n\r\n"), Finding.SERVER, "overloaded", {"timeout_s": SOON_S},
    ),
    "events come": (
        status(200), Finding.OK, None, {"events": "/e", "others": {"/e": bytes_then(SSE + EVENT, 0.1, EVENT)}},
    ),
    "events held open": (
        status(200), Finding.NETWORK, "proxy_in_the_way",
        {"events": "/e", "timeout_s": SOON_S, "others": {"/e": bytes_then(SSE, 2)}},
    ),
    "events held to their end": (
        status(200), Finding.NETWORK, "proxy_in_the_way",
        {"events": "/e", "others": {"/e": bytes_then(b"", 0.6, SSE + EVENT + EVENT)}},
    ),
    "no events": (status(200), Finding.NETWORK, "proxy_in_the_way", {"events": "/nowhere"}),
    "a WebSocket opens": (status(200), Finding.OK, None, {"websocket": "/w", "others": {"/w": opening}}),
    "a WebSocket refused": (
        status(200), Finding.NETWORK, "proxy_in_the_way", {"websocket": "/w", "others": {"/w": status(426)}},
    ),
    "a WebSocket that is none": (
        status(200), Finding.NETWORK, "proxy_in_the_way", {"websocket": "/w", "others": {"/w": opening_wrongly}},
    ),
    "an incident": (
        status(200), Finding.SERVER, "service_failed", {"others": {"/api/v2/summary.json": json(SUMMARY % "major")}},
    ),
    "a small incident": (
        status(200), Finding.OK, None, {"others": {"/api/v2/status.json": json(SUMMARY % "minor")}},
    ),
    "a 500, and an incident": (
        status(500), Finding.SERVER, "service_failed", {"others": {"/status.json": json(SUMMARY % "critical")}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_whose_fault_it_is(name: str) -> None:
    """Each way to answer, and not to answer, has its class, its row of the tree, and its exit code."""
    handler, finding, code, more = ANSWERS[name]
    wished = dict(more)
    async with serving(handler, others=wished.pop("others", None)) as served:
        for key in ("events", "websocket"):
            if key in wished:
                wished[key] = Target.parse(served.url(wished[key]))
        found = await diagnose(asked(served.url(wished.pop("path", "/")), **wished))
    assert (found.verdict.finding, found.verdict.kind and found.verdict.kind.code) == (finding, code), found
    codes = {"ok": 0, "server": 10, "model": 11, "network": 12, "client": 13, "cannot_tell": 14}
    assert exit_code(found) == codes[finding]
    assert found.verdict.evidence
    assert found.verdict.finding in (Finding.OK, Finding.CANNOT_TELL) or found.verdict.remedy


async def test_nothing_listens_and_nobody_accepts() -> None:
    """A refusal and a silence are two things."""
    found = await diagnose(asked(nobody()))
    assert found.verdict.kind is not None and found.verdict.kind.code == "connection_refused"
    with black_hole() as url:
        found = await diagnose(asked(url, timeout_s=HURRY_S))
    assert found.verdict.kind is not None and found.verdict.kind.code == "no_answer"
    assert [seen.step for seen in found.observations] == [Step.NAME, Step.CONNECT], "it ends where the way ends"


@pytest.mark.parametrize(
    ("host", "sign"),
    [
        ("unknown.test", Sign.NAME_UNKNOWN),
        ("failing.test", Sign.NAME_SERVER_FAILED),
        ("silent.test", Sign.NAME_SERVER_SILENT),
        ("empty.test", Sign.NAME_WITHOUT_ADDRESS),
    ],
)
async def test_why_a_name_is_not_found(host: str, sign: Sign) -> None:
    """No such name, a name server that fails, one that is silent, and a name for something else."""
    patience = {"timeout_s": HURRY_S} if host == "silent.test" else {}
    async with name_server() as resolver:
        found = await diagnose(asked(f"http://{host}/", resolver=resolver, way_out=lambda: True, **patience))
    assert [seen.sign for seen in found.observations] == [sign]
    assert found.verdict.kind is not None and found.verdict.kind.code == "name_unresolved"
    assert exit_code(found) == 12


async def test_offline_is_told_from_a_wrong_name() -> None:
    """Without a name server and without a route it is this machine; a name server that answers proves a network."""
    async with name_server() as resolver:
        silent = await diagnose(
            asked("http://silent.test/", resolver=resolver, way_out=lambda: False, timeout_s=HURRY_S)
        )
        unknown = await diagnose(asked("http://unknown.test/", resolver=resolver, way_out=lambda: False))
    assert silent.verdict.kind is not None and silent.verdict.kind.code == "offline"
    assert unknown.verdict.kind is not None and unknown.verdict.kind.code == "name_unresolved"


async def test_no_way_to_one_address_is_told_from_no_way_at_all() -> None:
    """A multicast address has no route for a connection: here it stands for a network that is not reached."""
    nowhere = "http://224.0.0.1/"
    alone = await diagnose(asked(nowhere, way_out=lambda: False))
    away = await diagnose(asked(nowhere, way_out=lambda: True))
    assert alone.verdict.kind is not None and alone.verdict.kind.code == "offline"
    assert away.verdict.kind is not None and away.verdict.kind.code == "unreachable"


async def test_a_clock_that_differs_is_told_where_nothing_fails_by_it() -> None:
    """By the Date of the answer; it decides nothing."""
    long_ago = format_datetime(NOW - timedelta(days=2))
    async with serving(status(200, Date=long_ago)) as served:
        found = await diagnose(asked(served.url()))
    assert Sign.CLOCKS_DIFFER in [seen.sign for seen in found.observations]
    assert found.verdict.finding is Finding.OK and found.verdict.confidence < 0.95


async def test_both_families_are_tried_and_told() -> None:
    """Where only one of them answers, it is reached by that one, and what is wrong with the other is said."""
    async with name_server() as resolver, serving(status(200)) as served:
        found = await diagnose(asked(served.url(host=BOTH), resolver=resolver))
    assert found.verdict.finding is Finding.OK
    (connected,) = [seen for seen in found.observations if seen.step is Step.CONNECT]
    assert "127.0.0.1 answers" in connected.detail
    assert "::1 refuses" in connected.detail or "::1 cannot be reached" in connected.detail


LATER = timedelta(days=40)


@pytest.mark.parametrize(
    ("context", "date", "sign", "finding"),
    [
        (server(WELL), None, Sign.ANSWERED, Finding.OK),
        (server(WELL, STRANGER), None, Sign.CERTIFICATE_UNTRUSTED, Finding.NETWORK),
        (server("other.test"), None, Sign.CERTIFICATE_NAME, Finding.NETWORK),
        (server(WELL, ends=timedelta(days=-2)), None, Sign.CERTIFICATE_EXPIRED, Finding.NETWORK),
        (server(WELL, begins=timedelta(days=9)), None, Sign.CERTIFICATE_NOT_YET_VALID, Finding.NETWORK),
        (server(WELL, begins=timedelta(days=9)), NOW + LATER, Sign.CLOCK_WRONG, Finding.CLIENT),
        (server(WELL, ends=timedelta(days=-2)), NOW - timedelta(days=9), Sign.CLOCK_WRONG, Finding.CLIENT),
        (server(WELL, ends=timedelta(days=3)), None, Sign.CERTIFICATE_EXPIRES_SOON, Finding.OK),
    ],
    ids=["well", "untrusted", "name", "expired", "not yet", "clock behind", "clock ahead", "soon"],
)
async def test_what_is_wrong_with_a_certificate(context: Any, date: Any, sign: Sign, finding: Finding) -> None:
    """Its name, its dates, who signed it; and where the server's clock says that it is valid, it is this machine's."""
    dated = {"Date": format_datetime(date)} if date else {}
    async with name_server() as resolver, serving(status(200, b"ok", "text/plain", **dated), context) as served:
        found = await diagnose(asked(served.url(host=WELL), resolver=resolver))
    assert sign in [seen.sign for seen in found.observations], found
    assert found.verdict.finding is finding


@pytest.mark.parametrize(
    ("handler", "sign", "timeout_s"),
    [
        (status(200), Sign.NO_TLS_HERE, SOON_S),
        (raw(bytes_then(b"HTTP/1.1 400 Bad Request\r\n\r\n")), Sign.NO_TLS_HERE, 10),
        (raw(bytes_then(b"")), Sign.TLS_CUT, 10),
        (raw(bytes_then(b"", reset=True)), Sign.TLS_CUT, 10),
        (raw(bytes_then(b"", 2)), Sign.TLS_SILENT, HURRY_S),
    ],
    ids=["plain, and waits", "plain, and says so", "closed", "reset", "silent"],
)
async def test_why_no_secure_connection_can_be_made(handler: Handler, sign: Sign, timeout_s: float) -> None:
    """A plain port, a close in the middle, a silence."""
    async with serving(handler) as served:
        found = await diagnose(asked(f"https://127.0.0.1:{served.port}/", timeout_s=timeout_s))
    assert found.observations[-1].sign is sign
    assert found.verdict.kind is not None and found.verdict.kind.code == "tls_failed"


async def test_only_hosts_that_were_named_are_asked() -> None:
    """A redirect to another host is told and not followed, and a status page elsewhere is told and not read."""
    page = status(200, b'<html><a href="http://status.service.test/">Status</a></html>')
    async with name_server() as resolver, serving(page) as other:
        elsewhere = other.url(host="status.service.test")
        async with serving(status(302, Location=elsewhere)) as served:
            told = await diagnose(asked(served.url(host=WELL), resolver=resolver))
            assert other.asked == []
            assert told.verdict.finding is Finding.CANNOT_TELL
            named = asked(served.url(host=WELL), resolver=resolver, also=frozenset({"status.service.test"}))
            followed = await diagnose(named)
        assert followed.verdict.finding is Finding.OK and "/" in other.asked
        assert followed.status_pages == ()
        linked = await diagnose(asked(other.url(host=WELL), resolver=resolver))
        assert linked.status_pages == ("http://status.service.test/",)


async def test_a_token_is_shown_to_the_service_alone() -> None:
    """Neither to where it leads on, though that host was named, nor to a status page elsewhere, nor to who reads."""
    async with serving(status(200)) as other:
        leading = status(302, Location=other.url(host="localhost"))
        async with serving(leading) as served:
            found = await diagnose(
                asked(
                    served.url(),
                    also=frozenset({"localhost"}),
                    status_page=Target.parse(other.url()),
                    token="tell-nobody",
                )
            )
            assert "Authorization: Bearer tell-nobody" in served.heads[0]
        assert other.heads and not any("tell-nobody" in head for head in other.heads)
    assert "tell-nobody" not in str(found)


async def test_a_status_page_elsewhere_is_read_where_the_user_names_it() -> None:
    """Also where the service is away: what its operators say decides then whose silence it is."""
    async with serving(status(404), others={"/api/v2/summary.json": json(SUMMARY % "major")}) as page:
        found = await diagnose(asked(nobody(), status_page=Target.parse(page.url())))
    assert found.verdict.finding is Finding.SERVER
    assert any("status page" in said for said in found.verdict.evidence)


async def test_the_proxy_of_the_environment_is_used_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is asked in the service's place, HTTPS_PROXY for a tunnel; what they refuse is theirs."""
    for name in ("NO_PROXY", "no_proxy", "http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with serving(status(404), others={"http://service.test/": status(200)}) as proxy:
        monkeypatch.setenv("http_proxy", f"http://user:secret@127.0.0.1:{proxy.port}")
        found = await diagnose(asked("http://service.test/"))
        assert found.verdict.finding is Finding.OK and "http://service.test/" in proxy.asked
        assert "secret" not in str(found)
        assert "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=" in proxy.heads[0]
    refusal = bytes_then(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    async with serving(status(404), others={"service.test:443": refusal}) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        found = await diagnose(asked("https://service.test/"))
        assert found.observations[-1].sign is Sign.PROXY_WANTS_PASSWORD
    async with (
        serving(status(200, b"ok"), server(WELL)) as served,
        serving(status(404), others={"service.test:443": faults.tunnel(served.port)}) as proxy,
    ):
        monkeypatch.setenv("https_proxy", f"http://user:secret@127.0.0.1:{proxy.port}")
        found = await diagnose(asked("https://service.test/"))
        assert found.verdict.finding is Finding.OK, found
        assert {Step.PROXY, Step.TLS} <= {seen.step for seen in found.observations}
        assert "/" in served.asked
        assert all("Proxy-Authorization: Basic" in head for head in proxy.heads)
        assert not any("Proxy-Authorization" in head for head in served.heads), "the service never sees them"
    monkeypatch.setenv("https_proxy", nobody())
    found = await diagnose(asked("https://service.test/"))
    assert found.observations[-1].sign is Sign.PROXY_AWAY
    assert exit_code(found) == 12


async def test_an_event_stream_has_no_end_and_needs_none() -> None:
    """It is listened to for a while; that it goes on is no fault."""
    endless = bytes_then(SSE + EVENT, 30)
    async with serving(endless) as served:
        found = await diagnose(asked(served.url()))
    assert found.verdict.finding is Finding.OK
    assert Step.EVENTS in [seen.step for seen in found.observations if seen.sign is None]


@settings(max_examples=40)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: "]))
async def test_whatever_bytes_come_there_is_a_verdict(noise: bytes, beginning: bytes) -> None:
    """No answer of a stranger's breaks what looks at it."""
    async with serving(bytes_then(beginning + noise + b"\r\n\r\n")) as served:
        found = await diagnose(asked(served.url()))
    assert found.verdict.finding in Finding
