"""Networks that fail before anything is said: nothing listens, nobody answers, and certificates that are wrong."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

UNKNOWN_NAME = "http://no-such-host.invalid"
"""RFC 6761: no name server will ever know it."""


def nobody() -> str:
    """The URL of a port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a port that swallows whoever connects: its queue is full, and nobody takes from it (Linux)."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(2):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for one in waiting:
                one.close()


class Authority:
    """Somebody who signs certificates, made on the spot. `file` is what a client has to trust, PEM."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def serves(self, name: str = "localhost", *, expired: bool = False) -> ssl.SSLContext:
        """What a server has that shows a certificate for `name`."""
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        begins, ends = (now - 9 * day, now - day) if expired else (now - day, now + day)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(name, not_before=begins, not_after=ends).configure_cert(context)
        return context

    def trusts(self) -> ssl.SSLContext:
        """What a client has that trusts it, and nobody else."""
        return ssl.create_default_context(cafile=str(self.file))
