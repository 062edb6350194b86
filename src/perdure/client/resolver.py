"""Names, and whether this machine is on a network at all: what a client finds out before it connects."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
from aiohttp.abc import ResolveResult

ROUTED = ("192.0.2.1", 9)
"""An address for documents (RFC 5737). A datagram socket that is connected to it sends nothing: it only asks this
machine's own table whether a way leads out."""


class Resolver(aiohttp.ThreadedResolver):
    """The system's, with an end: a name server that is silent is told apart from a server that is."""

    def __init__(self, patience_s: float) -> None:
        super().__init__()
        self._patience_s = patience_s

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError, with `EAI_AGAIN` where nobody answers."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await super().resolve(host, port, family)
        except TimeoutError:
            raise OSError(socket.EAI_AGAIN, "no name server answers") from None


def has_route() -> bool:
    """Whether a way leads out of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(ROUTED)
        except OSError:
            return False
    return True
