"""The status page, its JSON, feed and badge: drawn from what is known, whatever else works."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from perdure.core.errors import MethodNotAllowed, NotFound
from perdure.http.service import Perdure, Service
from perdure.statuspage.dated import dated
from perdure.statuspage.site import HTML
from perdure.statuspage.words import clock

router = APIRouter(include_in_schema=False)

HEADERS = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
"""Everybody may read it, pages of others too: there is nothing in it that is not for everybody."""

OLD_S = 30.0
"""A report that is older than this is of another time."""


_GET = ["GET", "HEAD"]
_ANY = [*_GET, "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@router.api_route("/status", methods=_GET)
@router.api_route("/status/{path:path}", methods=_GET)
async def page(perdure: Perdure, path: str = "") -> Response:
    """A page of the status page, or a file of it."""
    return _answer(perdure, f"status/{path}".rstrip("/"))


@router.api_route("/api/v2/{path:path}", methods=_ANY)
async def document(path: str, request: Request, perdure: Perdure) -> Response:
    """One of Statuspage's documents. What is not there is not found, whatever is to be done to it."""
    answer = _answer(perdure, f"api/v2/{path}")
    if request.method not in _GET:
        raise MethodNotAllowed()
    return answer


def _answer(perdure: Service, path: str) -> Response:
    site = perdure.health.site
    file = site.file(path)
    if file is None:
        raise NotFound("There is nothing here: the status page is at /status.")
    body, made_at = file.body, site.report.made_at
    if file.media_type == HTML and site.report.components and perdure.clock.now() - made_at > OLD_S:
        body = dated(body, f"This is as of {clock(made_at)}: the part of Perdure that keeps this page is away.")
    return Response(body, media_type=file.media_type, headers=HEADERS)
