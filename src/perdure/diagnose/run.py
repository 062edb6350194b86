"""The way to a service from its name to its own word, in order; it ends where going on makes no sense."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from perdure.core.diagnosis import Answer, Observation, Sign, Step, Verdict, Wanted, judge, read, redirected
from perdure.diagnose import modelserver, service, statuspage, streams
from perdure.diagnose.errors import Stopped
from perdure.diagnose.exchange import Heard, ask
from perdure.diagnose.lay import lay
from perdure.diagnose.target import Asked, NotAnAddress, Target
from perdure.diagnose.tls import CLOCK_S, moment
from perdure.diagnose.way import Way

MOST_REDIRECTS = 10
REDIRECTS = (301, 302, 303, 307, 308)

Told = Callable[[Observation], None]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was seen and what follows. `status_pages` were found and not asked: the user did not name their hosts."""

    url: str
    observations: tuple[Observation, ...]
    verdict: Verdict
    status_pages: tuple[str, ...] = ()


async def diagnose(asked: Asked, told: Told = lambda _: None) -> Diagnosis:
    """Look and judge. `told` hears of every step as it is done."""
    seen: list[Observation] = []
    pages: tuple[str, ...] = ()

    def tell(observation: Observation) -> None:
        seen.append(observation)
        told(observation)

    try:
        target, way, answer = await _reach(asked, tell)
    except Stopped as stopped:
        for observation in stopped.observations:
            tell(observation)
        if asked.status_page is not None:
            tell(await statuspage.elsewhere(asked, asked.status_page))
    else:
        pages = statuspage.suggested(answer, target, asked.hosts)
        for observation in await _beyond(asked, target, way, answer.status):
            tell(observation)
    return Diagnosis(asked.target.url, tuple(seen), judge(seen), pages)


async def _reach(asked: Asked, tell: Told) -> tuple[Target, Way, Answer]:
    """The answer to the request itself, behind redirects that stay with named hosts. Raises Stopped."""
    target, way = asked.target, None
    for _ in range(MOST_REDIRECTS):
        if way is None or way.target.origin != target.origin:
            way = await _laid(asked, target, tell)
        wanted = Wanted.JSON if asked.json_asked else target.wanted
        heard = await ask(way, target, {"Accept": "*/*" if wanted is Wanted.ANYTHING else "application/json"})
        location = heard.answer.headers.get("location")
        if heard.answer.status not in REDIRECTS or location is None:
            now = datetime.now(UTC).timestamp()
            seen = modelserver.complaint(target, heard.answer, heard.took_s) or read(
                heard.answer, wanted=wanted, secure=target.secure, now=now, took_s=heard.took_s
            )
            _tell_answer(asked, seen, heard, tell)
            return target, way, heard.answer
        try:
            other = target.at(location)
        except NotAnAddress as error:
            told = "It leads to something that is no address."
            raise Stopped(Observation(Step.ANSWER, told, Sign.REDIRECT_LOOP, heard.took_s)) from error
        if other.host not in asked.hosts:
            tell(redirected(heard.answer, target.host, other.url, secure=target.secure))
            return target, way, heard.answer
        tell(Observation(Step.ANSWER, f"Status {heard.answer.status}: it leads on to {other.url}.", None, heard.took_s))
        target = other
    raise Stopped(Observation(Step.ANSWER, f"It led on {MOST_REDIRECTS} times, and to no end.", Sign.REDIRECT_LOOP))


async def _laid(asked: Asked, target: Target, tell: Told) -> Way:
    way, observations = await lay(asked, target)
    for observation in observations:
        tell(observation)
    return way


def _tell_answer(asked: Asked, observation: Observation, heard: Heard, tell: Told) -> None:
    tell(observation)
    if heard.first_byte_s > asked.slow_s:
        tell(Observation(Step.ANSWER, f"It took {heard.first_byte_s:.1f} s until the first byte came.", Sign.SLOW))
    there_at = moment(heard.answer.headers.get("date", ""))
    off_s = (datetime.now(UTC) - there_at).total_seconds() if there_at else 0.0
    if abs(off_s) > CLOCK_S:
        told = f"This machine's clock and the server's differ by {abs(off_s) / 60:.0f} min."
        tell(Observation(Step.ANSWER, told, Sign.CLOCKS_DIFFER))
    if heard.broken is not None:
        tell(heard.broken)
    elif heard.ended:
        told = f"The whole answer came: {len(heard.answer.body)} bytes."
        tell(Observation(Step.BODY, told, None, heard.took_s - heard.first_byte_s))


async def _beyond(asked: Asked, target: Target, way: Way, status: int) -> list[Observation]:
    """What the service says of itself, what its status page says, and whether what stays open gets through.

    The address itself is not asked for a stream where it had nothing else to give.
    """
    well = status < 300
    jobs: list[Awaitable[list[Observation]]] = [_own_word(asked, target, way, well)]
    jobs += [_websocket(asked, target, way, well), _status_page(asked, target, way)]
    return [observation for found in await asyncio.gather(*jobs) for observation in found]


async def _own_word(asked: Asked, target: Target, way: Way, well: bool) -> list[Observation]:
    said = await service.of_perdure(way, target)
    if said and asked.events is None:
        stream = await service.stream_of(way, target)
        if stream is not None:
            return [*said, await streams.events(way, stream, named=True)]
    return [*said, *await _events(asked, target, way, well)]


async def _events(asked: Asked, target: Target, way: Way, well: bool) -> list[Observation]:
    if asked.events is None:
        return [] if not well else [await streams.events(way, target, named=False)]
    own = await _way_to(asked, asked.events, way)
    if isinstance(own, Stopped):
        return [Observation(Step.EVENTS, f"No event stream: {own}", Sign.EVENTS_REFUSED)]
    return [await streams.events(own, asked.events, named=True)]


async def _websocket(asked: Asked, target: Target, way: Way, well: bool) -> list[Observation]:
    if asked.websocket is None:
        return [] if not well else [await streams.websocket(way, target, named=False)]
    own = await _way_to(asked, asked.websocket, way)
    if isinstance(own, Stopped):
        return [Observation(Step.WEBSOCKET, f"No WebSocket: {own}", Sign.WEBSOCKET_REFUSED)]
    return [await streams.websocket(own, asked.websocket, named=True)]


async def _way_to(asked: Asked, named: Target, known: Way) -> Way | Stopped:
    """The way to a further target that was named: the known one where that leads there; or why there is none."""
    if named.origin == known.target.origin:
        return known
    try:
        return (await lay(asked, named))[0]
    except Stopped as stopped:
        return stopped


async def _status_page(asked: Asked, target: Target, way: Way) -> list[Observation]:
    if asked.status_page is not None:
        return [await statuspage.elsewhere(asked, asked.status_page)]
    found = await statuspage.on(way, target)
    return [] if found is None else [found]
