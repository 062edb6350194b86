"""Whether what stays open gets through: server-sent events, and WebSockets."""

from __future__ import annotations

import base64
import hashlib
import secrets

from perdure.core.diagnosis import Observation, Sign, Step
from perdure.diagnose.errors import Stopped
from perdure.diagnose.exchange import LISTEN_S, Heard, ask
from perdure.diagnose.target import Target
from perdure.diagnose.way import Way

TOGETHER_S = 0.05
"""Events of a whole second that come within so little were held back on their way, in seconds."""

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def events(way: Way, target: Target, *, named: bool) -> Observation:
    """Whether an event stream gets through as it is written. `named`: the user said that there is one."""
    try:
        heard = await ask(way, target, {"Accept": "text/event-stream"}, listen_s=min(LISTEN_S, way.timeout_s))
    except Stopped as stopped:
        last = stopped.observations[-1]
        return Observation(
            Step.EVENTS, f"No event stream: {last.detail}", Sign.EVENTS_HELD if named else Sign.NOT_OFFERED, last.took_s
        )
    if heard.answer.media_type != "text/event-stream" or heard.answer.status != 200:
        told = f"No event stream is offered there (status {heard.answer.status})."
        return Observation(Step.EVENTS, told, Sign.EVENTS_REFUSED if named else Sign.NOT_OFFERED, heard.took_s)
    if _held(heard):
        told = "The event stream opens, but what is written into it is held back on its way."
        return Observation(Step.EVENTS, told, Sign.EVENTS_HELD, heard.took_s)
    told = f"Events come as they are written, the first after {heard.arrivals_s[0]:.2f} s."
    return Observation(Step.EVENTS, told, None, heard.arrivals_s[0])


def _held(heard: Heard) -> bool:
    if not heard.arrivals_s:
        return True
    several = heard.answer.body.count(b"\n\n") + heard.answer.body.count(b"\r\n\r\n") > 1
    at_the_end = heard.ended and heard.took_s - heard.arrivals_s[0] < TOGETHER_S
    # A stream that says all it has at once is quick; one that was held is late.
    return several and at_the_end and heard.arrivals_s[0] > 10 * TOGETHER_S


async def websocket(way: Way, target: Target, *, named: bool) -> Observation:
    """Whether an Upgrade gets through (RFC 6455, 4.1). `named`: the user said that there is one."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
    }
    sign = Sign.WEBSOCKET_REFUSED if named else Sign.NOT_OFFERED
    try:
        heard = await ask(way, target, headers, listen_s=0.5)
    except Stopped as stopped:
        last = stopped.observations[-1]
        return Observation(Step.WEBSOCKET, f"No WebSocket: {last.detail}", sign, last.took_s)
    expected = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest()).decode()
    if heard.answer.status == 101 and heard.answer.headers.get("sec-websocket-accept") == expected:
        return Observation(Step.WEBSOCKET, "A WebSocket opens.", None, heard.first_byte_s)
    told = f"No WebSocket is offered there (status {heard.answer.status})."
    return Observation(Step.WEBSOCKET, told, sign, heard.first_byte_s)
