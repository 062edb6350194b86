"""The proxy that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), as most programs understand it."""

from __future__ import annotations

import asyncio
import base64
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from perdure.core.diagnosis import Observation, Sign, Step
from perdure.diagnose.errors import Stopped
from perdure.diagnose.target import Target


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `variable` is what named it; `credentials` are a header's value, and shown nowhere."""

    host: str
    port: int
    variable: str
    credentials: str = field(default="", repr=False)


def named_for(target: Target) -> Proxy | None:
    """The proxy for a target, None where it is asked directly."""
    if urllib.request.proxy_bypass(target.host):
        return None
    named = urllib.request.getproxies()
    key = target.scheme if target.scheme in named else "all"
    if key not in named:
        return None
    url = named[key] if "://" in named[key] else f"http://{named[key]}"
    parts = urlsplit(url)
    variable = f"{key.upper()}_PROXY"
    if parts.scheme != "http" or not parts.hostname:
        told = f"{variable} names a proxy of a kind ({parts.scheme}) that is not known here; only http:// is."
        raise Stopped(Observation(Step.PROXY, told, Sign.PROXY_AWAY))
    credentials = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(parts.hostname, parts.port or 80, variable, credentials)


async def tunnel(proxy: Proxy, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Have the proxy connect to the target (RFC 9110, 9.3.6). Raises Stopped where it does not."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    lines = [f"CONNECT {host}:{target.port} HTTP/1.1", f"Host: {host}:{target.port}"]
    if proxy.credentials:
        lines.append(f"Proxy-Authorization: {proxy.credentials}")
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError) as error:
        told = "The proxy closed the connection without an answer."
        raise Stopped(Observation(Step.PROXY, told, Sign.PROXY_REFUSES)) from error
    status = head.split(b" ", 2)[1:2]
    if status == [b"200"]:
        return
    shown = status[0][:3].decode("ascii", "replace") if status else "none"
    sign = Sign.PROXY_WANTS_PASSWORD if shown == "407" else Sign.PROXY_REFUSES
    if shown in ("502", "503", "504"):
        told = f"The proxy does not reach {target.host} (status {shown})."
    else:
        told = f"The proxy does not let this machine through to {target.host} (status {shown})."
    raise Stopped(Observation(Step.PROXY, told, sign))
