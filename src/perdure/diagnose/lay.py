"""Find the way to a host, step by step: name, connection, proxy, TLS."""

from __future__ import annotations

from dataclasses import replace

from perdure.client.resolver import has_route
from perdure.core.diagnosis import Observation, Sign, Step
from perdure.diagnose import connect, names, proxy, tls
from perdure.diagnose.errors import Stopped
from perdure.diagnose.proxy import Proxy
from perdure.diagnose.target import Asked, Target
from perdure.diagnose.way import Way


async def lay(asked: Asked, target: Target) -> tuple[Way, list[Observation]]:
    """Find the way to a target's host, and tell of it. Raises Stopped with all that was seen."""
    seen: list[Observation] = []
    between = proxy.named_for(target)
    try:
        if between is None:
            found, observation = await names.addresses_of(target.host, asked.resolver, asked.timeout_s, asked.way_out)
            seen.append(observation)
            address, observation = await connect.choose(found, target.port, asked.timeout_s)
            seen.append(observation)
            way = Way(target, address, target.port, None, None, asked.timeout_s)
        else:
            address = await _to_proxy(asked, between, seen)
            way = Way(target, address, between.port, between, None, asked.timeout_s)
        way = replace(way, token=asked.token_for(target))
        if target.secure:
            way = replace(way, context=asked.trust())
            seen.append(await tls.examine(way))
    except Stopped as stopped:
        raise Stopped(*seen, *stopped.observations[:-1], _without_way_out(asked, stopped.observations[-1])) from stopped
    return way, seen


def _without_way_out(asked: Asked, last: Observation) -> Observation:
    """That no way leads to one address, where none leads anywhere, says nothing of that address."""
    if last.sign is not Sign.NO_ROUTE or (asked.way_out or has_route)():
        return last
    return replace(last, detail=f"This machine has no way out. {last.detail}", sign=Sign.OFFLINE)


async def _to_proxy(asked: Asked, between: Proxy, seen: list[Observation]) -> str:
    try:
        found, _ = await names.addresses_of(between.host, asked.resolver, asked.timeout_s, asked.way_out)
        address, observation = await connect.choose(found, between.port, asked.timeout_s, Step.PROXY)
    except Stopped as stopped:
        last = stopped.observations[-1]
        if last.sign is Sign.OFFLINE:
            raise
        told = f"The environment names a proxy ({between.variable}), which is not reached. {last.detail}"
        raise Stopped(Observation(Step.PROXY, told, Sign.PROXY_AWAY, last.took_s)) from stopped
    told = f"By the proxy {between.host}:{between.port}, which {between.variable} names."
    seen.append(Observation(Step.PROXY, told, None, observation.took_s))
    return address
