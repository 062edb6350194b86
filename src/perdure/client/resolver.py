"""Names, and whether this machine is on a network at all: what a client finds out before it connects."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
from aiohttp.abc import ResolveResult

NOWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses kept for documentation (RFC 5737, RFC 3849): nobody has them, and nothing is sent there."""


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
    """Whether this machine has a route beyond its own network. Looks into its routing table and sends nothing."""
    for family, address in NOWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                # Connecting a datagram socket chooses a route; the first packet would be the first thing sent.
                probe.connect((address, 9))
        except OSError:
            continue
        return True
    return False
