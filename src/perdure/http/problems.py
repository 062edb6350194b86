"""Errors as RFC 9457 problem documents: whatever is raised, somebody is told the truth about it."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import anyio.to_thread
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from perdure.core.errors import (
    ClientError,
    Fault,
    Invalid,
    MethodNotAllowed,
    NotAllowedHere,
    NotFound,
    PerdureError,
    ServerError,
    TooLarge,
    UnsupportedMedia,
    describe,
)
from perdure.engine.unforeseen import Note
from perdure.http.encodings import accepted

log = structlog.get_logger()

_BY_STATUS: Mapping[int, type[PerdureError]] = {
    400: ClientError,
    403: NotAllowedHere,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
    422: Invalid,
}

_WORTH_BYTES = 2048
"""From here on an answer is compressed: below, it fits into a packet or two as it is."""
_LONG_BYTES = 200_000
_LEVEL = 4


class Json(Response):
    """A JSON answer, compressed where it is long: characters and messages shrink to a third."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self.body) >= _WORTH_BYTES:
            self.headers["Vary"] = "Accept-Encoding"
            if "gzip" in accepted(Headers(scope=scope).get("accept-encoding", "")):
                pack = partial(gzip.compress, self.body, _LEVEL)
                # What takes longer than a token may be late is not for the event loop.
                self.body = pack() if len(self.body) < _LONG_BYTES else await anyio.to_thread.run_sync(pack)
                self.headers["Content-Encoding"] = "gzip"
                self.headers["Content-Length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


def problem(error: PerdureError, path: str) -> Response:
    """The problem document of an error, which has its id from whoever has logged it."""
    document: dict[str, Any] = {"status": error.status, **describe(error)}
    if path.startswith("/v1/"):
        # What OpenAI's clients look for.
        document["error"] = {
            "message": f"{error.detail} {error.remedy}",
            "type": f"{error.fault}_error",
            "code": error.code,
            "param": None,
        }
    headers = {"Cache-Control": "no-store"}
    if error.status in (429, 503):
        headers["Retry-After"] = str(math.ceil(error.retry_after_s or 1))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(document), error.status, headers, "application/problem+json")


Inform = Callable[[PerdureError], None]
"""Puts into an error what is known of its incident, and of how long that may last."""


def refusal(error: PerdureError, path: str, inform: Inform) -> Response:
    """The answer where a use case refuses or fails. The log tells of it under the same id."""
    inform(error)
    error.error_id = error.error_id or uuid4().hex
    if error.status >= 500:
        # What a model does was foreseen, and so was what nothing is behind, as with a full queue; where the record
        # fails, the cause is worth its lines.
        caused = error.fault is Fault.SERVER and _behind(error) is not None
        told = error if caused else None
        log.warning("request failed", error_id=error.error_id, code=error.code, path=path, exc_info=told)
    else:
        # Not its detail: that may repeat what was sent.
        log.info("request refused", error_id=error.error_id, code=error.code, path=path)
    return problem(error, path)


def _behind(error: BaseException) -> BaseException | None:
    """What it was raised for, as a traceback would tell it."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def install(app: FastAPI, inform: Inform) -> None:
    """Let every failure of `app` end in a problem document."""

    @app.exception_handler(PerdureError)
    async def known(request: Request, error: PerdureError) -> Response:
        return refusal(error, request.url.path, inform)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return refusal(_explained(error, request.headers.get("content-type", "")), request.url.path, inform)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        kind = _BY_STATUS.get(error.status_code, ClientError if error.status_code < 500 else ServerError)
        answer = refusal(kind(), request.url.path, inform)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer


def unforeseen(error: Exception, path: str, note: Note) -> Response:
    """The problem document of a mistake of ours. Log and operator are told the whole of it, under the same id."""
    error_id = uuid4().hex
    log.error("unforeseen failure", error_id=error_id, path=path, exc_info=error)
    note(error, error_id)
    return problem(ServerError("Something happened that was not foreseen.", error_id=error_id), path)


def _explained(error: RequestValidationError, content_type: str) -> PerdureError:
    """The first thing that is wrong, in a sentence; broken JSON is a bad request, a wrong value is invalid."""
    first = error.errors()[0]
    if first["loc"] == ("body",) and isinstance(first.get("input"), bytes):
        # FastAPI leaves a body alone that does not say that it is JSON.
        return UnsupportedMedia(f"Send JSON, as application/json: this came as {content_type or 'nothing known'}.")
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    if first["type"] in ("json_invalid", "json_type"):
        return ClientError("The body is not valid JSON.")
    return Invalid(f"{place}: {first['msg'].removeprefix('Value error, ')}")
