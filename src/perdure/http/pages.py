"""The built pages: files under their own names, and the app for every other path that a browser asks for.

The build lays compressed copies beside what is worth it (`name.br`, `name.gz`), so that nothing is compressed here.
"""

from __future__ import annotations

import mimetypes
from os import PathLike, stat_result
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from perdure.core.errors import ServerError
from perdure.http.encodings import accepted

ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""What compressed copies there are, the smallest first: the name in headers, the ending of the file."""

_TYPES = {".webmanifest": "application/manifest+json", ".js": "text/javascript", ".woff2": "font/woff2"}
"""What machines do not agree upon. Browsers run no service worker that is not JavaScript by its type."""


_AHEAD = {"": "/api/v1/characters", "characters": "/api/v1/characters"}
"""What a page's script will ask the API for in any case: asked for while the script is still on its way."""


class _PagePath(PathConvertor):
    """Any path but those of the APIs: what is unknown there is not found, whatever the method."""

    regex = "(?!(?:api|v1)(?:/|$)).*"


register_url_convertor("page", _PagePath())


class Assets(StaticFiles):
    """Files whose names hold a hash of their content: they never change."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        return answer(Path(full_path), Headers(scope=scope), "public, max-age=31536000, immutable")


def answer(file: Path, asked: Headers, cache_control: str) -> Response:
    """The file as it is, or the smallest copy that whoever asks can read; 304 where they have it."""
    headers = {"Cache-Control": cache_control}
    media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    taken = file
    copies = [(name, file.with_name(file.name + ending)) for name, ending in ENCODINGS]
    if any(copy.is_file() for _, copy in copies):
        headers["Vary"] = "Accept-Encoding"
        for name, copy in copies:
            if name in accepted(asked.get("accept-encoding", "")) and copy.is_file():
                taken, headers["Content-Encoding"] = copy, name
                break
    response = FileResponse(taken, headers=headers, media_type=media_type, stat_result=taken.stat())
    etag = response.headers["etag"]
    if etag in (part.strip().removeprefix("W/") for part in asked.get("if-none-match", "").split(",")):
        kept = ("cache-control", "etag", "vary")
        return Response(status_code=304, headers={k: v for k, v in response.headers.items() if k in kept})
    return response


def router_for(pages: Path) -> APIRouter:
    """Routes for the files in `pages`."""
    router = APIRouter(include_in_schema=False)
    endings = tuple(ending for _, ending in ENCODINGS)
    known = {}
    if pages.is_dir():
        known = {file.name: file for file in pages.iterdir() if file.is_file() and not file.name.endswith(endings)}

    @router.api_route("/{path:page}", methods=["GET", "HEAD"])
    async def page(path: str, request: Request) -> Response:
        file = known.get(path) or known.get("index.html")
        if file is None:
            raise ServerError("The pages were not built. Whoever runs this server has to run `make build`.")
        response = answer(file, request.headers, "no-cache")
        if path in _AHEAD:
            response.headers["Link"] = f"<{_AHEAD[path]}>; rel=preload; as=fetch; crossorigin"
        return response

    return router
