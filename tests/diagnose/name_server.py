"""A DNS server of the tests: it knows one name, and fails in every way for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import dns.rcode
import dns.rrset

WELL = "service.test"
"""The name that leads to this machine."""

BOTH = f"both.{WELL}"
"""The name that leads there by both families."""


class _Protocol(asyncio.DatagramProtocol):
    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        if name == "silent.test":
            return
        answer = dns.message.make_response(query)
        if name == "unknown.test":
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif name == "failing.test":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name.endswith(WELL) and question.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", "127.0.0.1"))
        elif name == BOTH and question.rdtype == dns.rdatatype.AAAA:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "AAAA", "::1"))
        self.transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def name_server() -> AsyncIterator[tuple[str, int]]:
    """Its address and port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_Protocol, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")
    finally:
        transport.close()
