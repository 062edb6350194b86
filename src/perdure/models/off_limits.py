"""Addresses that are nobody's backend: where clouds hand a machine's own credentials to whatever runs on it.

Whoever has the access token may have any address looked at, and is shown some of what it answers.
"""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address

import aiohttp
from aiohttp.abc import ResolveResult

_METADATA = {
    ip_address("169.254.169.254"),  # Amazon, Google, Microsoft and most others
    ip_address("fd00:ec2::254"),  # Amazon, IPv6
    ip_address("169.254.170.2"),  # Amazon's containers
    ip_address("100.100.100.200"),  # Alibaba
}


def is_off_limits(host: str) -> bool:
    """Whether a host is such an address. A name is none until it is resolved."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address) in _METADATA


class Resolver(aiohttp.ThreadedResolver):
    """Resolves names, but for those that lead there, which are unknown to it."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See aiohttp. Raises OSError."""
        found = await super().resolve(host, port, family)
        allowed = [result for result in found if not is_off_limits(result["host"])]
        if not allowed:
            raise OSError(f"{host} is no host of a model's server")
        return allowed
