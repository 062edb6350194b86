"""Whether web answers, by the way that everybody takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import orjson

from perdure.core.health import Cause, Finding, Level
from perdure.health.look import Findings

COMPONENT = "web"

PATIENCE_S = 0.75
"""Longer than `/readyz` waits for the record. Whoever connects where there is no web waits for the next one."""

_ABOUT_THE_RECORD = ("store_unavailable", "store_full")


class WebLook:
    """Asks `/readyz` at `url`, which reads the record: a failure that is the record's is told as that. `excused` says
    whether it is just now being started again because somebody has asked for that.
    """

    def __init__(self, url: str, session: aiohttp.ClientSession, excused: Callable[[], Awaitable[bool]]) -> None:
        self._url = url
        self._session = session
        self._excused = excused

    async def find(self) -> Findings:
        """How web answers."""
        finding = await self._ask()
        if finding.level.unwell and await self._excused():
            # It says no because it was asked to end, and the next one is on its way.
            finding = Finding()
        return {COMPONENT: finding}

    async def _ask(self) -> Finding:
        try:
            async with asyncio.timeout(PATIENCE_S), self._session.get(self._url, allow_redirects=False) as answer:
                status, body = answer.status, await answer.read()
        except TimeoutError:
            return Finding(Level.MAJOR, Cause.NO_ANSWER, f"It did not answer within {PATIENCE_S:g} s.")
        except aiohttp.ClientError as error:
            return Finding(Level.MAJOR, Cause.NO_ANSWER, f"It cannot be asked ({type(error).__name__}).")
        if status == 200:
            return Finding()
        code = _code(body)
        because = "store" if code in _ABOUT_THE_RECORD else None
        said = f"It answers with status {status}" + (f" ({code})." if code else ".")
        return Finding(Level.MAJOR, Cause.FAILING, said, because=because)


def _code(body: bytes) -> str | None:
    try:
        problem = orjson.loads(body)
    except ValueError:
        return None
    return str(problem.get("code")) if isinstance(problem, dict) else None
