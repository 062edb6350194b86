"""The way to a host, laid once (`lay`) and gone again by every request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from perdure.diagnose import proxy
from perdure.diagnose.proxy import Proxy
from perdure.diagnose.target import Target

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Way:
    """How `host` is reached. `address` and `port` are where the connection goes: the host's own, or its proxy's.

    `token` is what its host is shown with every request.
    """

    target: Target
    address: str
    port: int
    proxy: Proxy | None
    context: ssl.SSLContext | None
    timeout_s: float
    token: str | None = field(default=None, repr=False)

    @asynccontextmanager
    async def open(self, context: ssl.SSLContext | None = None) -> AsyncIterator[Pair]:
        """A connection, with TLS where the target wants it, by `context` in the place of the way's own.

        Raises OSError, ssl.SSLError, TimeoutError, and Stopped where a proxy refuses.
        """
        context = context or self.context
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(self.timeout_s):
                if self.proxy is None or context is None:
                    name = self.target.host if context else None
                    reader, writer = await asyncio.open_connection(
                        self.address, self.port, ssl=context, server_hostname=name
                    )
                else:
                    reader, writer = await asyncio.open_connection(self.address, self.port)
                    await proxy.tunnel(self.proxy, self.target, reader, writer)
                    await writer.start_tls(context, server_hostname=self.target.host)
            yield reader, writer
        finally:
            if writer is not None:
                writer.transport.abort()

    def plain(self) -> Way:
        """The same without TLS."""
        return replace(self, context=None)
