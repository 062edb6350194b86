"""From a name to its addresses, and where that fails, why: no such name, a name server that fails, or no network."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any

from dns import asyncresolver, exception, resolver

from perdure.client.resolver import has_route
from perdure.core.diagnosis import Observation, Sign, Step
from perdure.diagnose.errors import Stopped


class _NoAddress(Exception):
    """The name is known, and has neither kind of address."""


async def addresses_of(
    host: str, server: tuple[str, int] | None, timeout_s: float, way_out: Callable[[], bool] | None = None
) -> tuple[tuple[str, ...], Observation]:
    """The addresses of a name, IPv6 and IPv4, in the order to try them. `server` is a name server to ask.

    Without one the system is asked, as every program does (its hosts file too); where it finds nothing, its name
    servers are asked directly, for the reason. Raises Stopped.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return (host,), Observation(Step.NAME, f"{host} is an address already.")
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    if server is None:
        found = await _by_the_system(host, timeout_s)
        if found:
            return found, Observation(Step.NAME, f"{host} is {_listed(found)}.", None, loop.time() - began_at)
    try:
        found = await _by_name_server(host, server, timeout_s)
    except (exception.DNSException, _NoAddress, OSError, ValueError) as error:
        sign, detail = _why(error, host, server, way_out or has_route)
        raise Stopped(Observation(Step.NAME, detail, sign, loop.time() - began_at)) from error
    told = f"{host} is {_listed(found)}"
    told += (
        ", says the name server that you named." if server else ", says the name server; the system did not find it."
    )
    return found, Observation(Step.NAME, told, None, loop.time() - began_at)


async def _by_the_system(host: str, timeout_s: float) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Any]] = loop.create_future()

    def answered(rows: list[Any]) -> None:
        if not found.done():
            found.set_result(rows)

    def look_up() -> None:
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            rows = []
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(answered, rows)

    # A thread that nobody waits for: the system's patience is longer than ours, and it cannot be interrupted.
    threading.Thread(target=look_up, daemon=True).start()
    try:
        async with asyncio.timeout(timeout_s):
            rows = await found
    except TimeoutError:
        return ()
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))


async def _by_name_server(host: str, server: tuple[str, int] | None, timeout_s: float) -> tuple[str, ...]:
    asked: Any = asyncresolver.Resolver(configure=server is None)
    if server is not None:
        asked.nameservers, asked.port = [server[0]], server[1]
    asked.lifetime = timeout_s
    answers = await asyncio.gather(
        *(asked.resolve(host, kind, raise_on_no_answer=False, search=False) for kind in ("AAAA", "A")),
        return_exceptions=True,
    )
    found = [row.address for answer in answers if isinstance(answer, resolver.Answer) for row in answer.rrset or ()]
    if found:
        return tuple(found)
    raise next((error for error in answers if isinstance(error, BaseException)), _NoAddress())


def _why(error: Exception, host: str, server: tuple[str, int] | None, way_out: Callable[[], bool]) -> tuple[Sign, str]:
    whose = "the name server that you named" if server else "this machine's name server"
    if isinstance(error, resolver.NXDOMAIN):
        return Sign.NAME_UNKNOWN, f"There is no name {host}, says {whose}."
    if isinstance(error, _NoAddress):
        return Sign.NAME_WITHOUT_ADDRESS, f"The name {host} is known to {whose}, but has no address."
    if isinstance(error, (resolver.LifetimeTimeout, resolver.NoResolverConfiguration, OSError)):
        if not way_out():
            return Sign.OFFLINE, "This machine has no way out: no name server answers, and there is no route."
        return Sign.NAME_SERVER_SILENT, f"No answer came from {whose} in time."
    if isinstance(error, resolver.NoNameservers):
        if not way_out():
            return Sign.OFFLINE, "This machine has no way out: no name server is reached, and there is no route."
        return Sign.NAME_SERVER_FAILED, f"It could not be found out by {whose} what {host} is (SERVFAIL or refused)."
    return Sign.NAME_UNKNOWN, f"{host} is no name that a name server could know."


def _listed(addresses: tuple[str, ...]) -> str:
    shown = ", ".join(addresses[:4])
    return shown if len(addresses) <= 4 else f"{shown} and {len(addresses) - 4} more"
