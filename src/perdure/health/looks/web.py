"""Whether web answers, by the way that everybody takes."""

from __future__ import annotations

import aiohttp
import orjson

from perdure.core.health import Cause, Finding, Level
from perdure.health.look import Findings

COMPONENT = "web"
_ABOUT_THE_RECORD = ("store_unavailable", "store_full")


class WebLook:
    """Asks `/readyz` at `url`, which reads the record: a failure that is the record's is told as that."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def find(self) -> Findings:
        """How web answers."""
        try:
            async with self._session.get(self._url, allow_redirects=False) as answer:
                status, body = answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return {COMPONENT: Finding(Level.MAJOR, Cause.NO_ANSWER, f"It cannot be asked ({type(error).__name__}).")}
        if status == 200:
            return {COMPONENT: Finding()}
        code = _code(body)
        because = "store" if code in _ABOUT_THE_RECORD else None
        said = f"It answers with status {status}" + (f" ({code})." if code else ".")
        return {COMPONENT: Finding(Level.MAJOR, Cause.FAILING, said, because=because)}


def _code(body: bytes) -> str | None:
    try:
        problem = orjson.loads(body)
    except ValueError:
        return None
    return str(problem.get("code")) if isinstance(problem, dict) else None
