"""A TCP connection to one of the addresses. Each is tried, at once, so that both families are told of."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass

from perdure.core.diagnosis import Observation, Sign, Step
from perdure.diagnose.errors import Stopped

MOST = 6
"""Addresses that are tried. A name with more has them for the load, and not for the way."""

_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True)
class _Tried:
    address: str
    sign: Sign | None
    took_s: float

    @property
    def told(self) -> str:
        said = {
            None: f"answers in {self.took_s * 1000:.0f} ms",
            Sign.REFUSED: "refuses: nothing listens at that port",
            Sign.NO_ROUTE: "cannot be reached: no way leads there",
            Sign.CONNECT_SILENT: f"says nothing within {self.took_s:.0f} s",
        }
        return f"{self.address} {said[self.sign]}"


async def choose(
    addresses: tuple[str, ...], port: int, timeout_s: float, step: Step = Step.CONNECT
) -> tuple[str, Observation]:
    """The first of the addresses that takes a connection. Raises Stopped where none does."""
    tried = await asyncio.gather(*(_try(address, port, timeout_s) for address in addresses[:MOST]))
    well = next((one for one in tried if one.sign is None), None)
    told = f"Port {port}: " + "; ".join(one.told for one in tried) + "."
    if well is None:
        signs = {one.sign for one in tried}
        # A refusal came from there: it says the most. No way at all to one family is common and says the least.
        sign = next(sign for sign in (Sign.REFUSED, Sign.CONNECT_SILENT, Sign.NO_ROUTE) if sign in signs)
        raise Stopped(Observation(step, told, sign, max(one.took_s for one in tried)))
    return well.address, Observation(step, told, _families(tried), well.took_s)


def _families(tried: list[_Tried]) -> Sign | None:
    """Whether IPv6 or IPv4 is there as a whole and does not answer: programs that choose it wait."""
    for six in (True, False):
        family = [one for one in tried if (":" in one.address) is six]
        if family and all(one.sign in (Sign.CONNECT_SILENT, Sign.REFUSED) for one in family):
            return Sign.ONE_FAMILY_DEAD
    return None


async def _try(address: str, port: int, timeout_s: float) -> _Tried:
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    sign = None
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(address, port)
        writer.transport.abort()
    except TimeoutError:
        sign = Sign.CONNECT_SILENT
    except OSError as error:
        sign = Sign.NO_ROUTE if error.errno in _NO_ROUTE else Sign.REFUSED
        if error.errno == errno.ETIMEDOUT:
            sign = Sign.CONNECT_SILENT
    return _Tried(address, sign, loop.time() - began_at)
