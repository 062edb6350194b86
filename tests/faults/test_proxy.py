"""The faults are what they say: a proof by faults that are none would prove nothing. Bare sockets look at them."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.faults import kinds
from tests.faults.networks import Authority, black_hole, nobody
from tests.faults.proxy import Proxy

BODY = b"0123456789" * 10


class Ten(BaseHTTPRequestHandler):
    """Answers everything with a hundred digits."""

    def do_PUT(self) -> None:  # http.server's name
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """A server that is well."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ten) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(upstream: str) -> Iterator[Proxy]:
    """One before it."""
    with Proxy(upstream) as proxy:
        yield proxy


def address(url: str) -> tuple[str, int]:
    host, _, port = url.rpartition("/")[2].rpartition(":")
    return host, int(port)


def put(url: str, timeout_s: float = 20.0) -> tuple[bytes, str]:
    """What comes of a PUT: the body as far as it came, and how it ended."""
    came = b""
    with socket.create_connection(address(url), timeout=timeout_s) as client:
        client.sendall(b"PUT /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        try:
            while block := client.recv(4096):
                came += block
            end = "fin"
        except ConnectionResetError:
            end = "rst"
        except TimeoutError:
            end = "silence"
    return came.partition(b"\r\n\r\n")[2], end


def test_who_comes_while_it_closes_leaves_nothing_behind(upstream: str) -> None:
    """A socket that is left open fails whatever test runs when it is collected."""
    for _ in range(50):
        with Proxy(upstream) as proxy:
            crowd = [socket.create_connection(address(proxy.url)) for _ in range(10)]
        for client in crowd:
            client.close()
    gc.collect()


def test_what_is_well_passes(proxy: Proxy) -> None:
    """And every request is written down as it came."""
    assert put(proxy.url) == (BODY, "fin")
    (asked,) = proxy.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("PUT", "/a", "b=c", b"hello")
    assert proxy.counts() == {("PUT", "/a"): 1}


@pytest.mark.parametrize(
    ("fault", "came", "end"),
    [
        (kinds.Reset(), b"", "rst"),
        (kinds.Reset(heard=False), b"", "rst"),
        (kinds.Reset(15), BODY[:15], "rst"),
        (kinds.Cut(), b"", "fin"),
        (kinds.Cut(15), BODY[:15], "fin"),
        (kinds.Slow(0.01), BODY, "fin"),
        (kinds.Buffer(), BODY, "fin"),
        (kinds.Corrupt(99), BODY[:99] + b"l", "fin"),
        (kinds.answer(503, "no", Retry_After="1"), b"no", "fin"),
    ],
    ids=str,
)
def test_a_fault_is_what_it_says(proxy: Proxy, fault: kinds.Fault, came: bytes, end: str) -> None:
    """Once, and then all is well again."""
    proxy.once(fault)
    seen, ended = put(proxy.url)
    assert ended == end
    # What a reset overtakes is lost: the client's system throws away what was not read yet.
    assert seen == came or (end == "rst" and came.startswith(seen))
    assert put(proxy.url) == (BODY, "fin")


def test_who_is_stalled_waits(proxy: Proxy) -> None:
    """And is let go when the proxy hangs up."""
    proxy.always(kinds.Stall(15))
    assert put(proxy.url, timeout_s=1.0) == (BODY[:15], "silence")


def test_nobody_listens_until_somebody_does(proxy: Proxy) -> None:
    """On the same port."""
    url = proxy.url
    proxy.always(kinds.REFUSE)
    with pytest.raises(ConnectionRefusedError):
        put(url)
    proxy.always(kinds.PASS)
    assert put(url) == (BODY, "fin")
    with pytest.raises(ConnectionRefusedError):
        put(nobody())


def test_a_rule_is_for_whom_it_names(proxy: Proxy) -> None:
    """The longest that fits."""
    proxy.always(kinds.Cut(0))
    proxy.always(kinds.Cut(3), only="PUT /a")
    proxy.once(kinds.Cut(5), only="/other")
    assert put(proxy.url) == (BODY[:3], "fin")
    proxy.always(kinds.PASS)
    assert put(proxy.url) == (BODY, "fin")


def test_a_black_hole_swallows() -> None:
    """Nobody even refuses."""
    with black_hole() as url, pytest.raises(TimeoutError):
        put(url, timeout_s=0.05)


def test_certificates_are_as_wrong_as_ordered(upstream: str, tmp_path: Path) -> None:
    """Right, expired, of another name, signed by a stranger."""
    authority = Authority(tmp_path)

    def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
        with Proxy(upstream, tls=server) as proxy, socket.create_connection(address(proxy.url)) as raw:
            try:
                with client.wrap_socket(raw, server_hostname="localhost"):
                    return "well"
            except ssl.SSLCertVerificationError as error:
                return error.verify_message

    assert shake(authority.serves(), authority.trusts()) == "well"
    assert "expired" in shake(authority.serves(expired=True), authority.trusts())
    assert "localhost" in shake(authority.serves("elsewhere.invalid"), authority.trusts())
    assert "issuer" in shake(authority.serves(), ssl.create_default_context())
