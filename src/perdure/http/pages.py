"""The built pages: files under their own names, and the app for every other path that a browser asks for."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from perdure.core.errors import ServerError


class _PagePath(PathConvertor):
    """Any path but those of the APIs: what is unknown there is not found, whatever the method."""

    regex = "(?!(?:api|v1)(?:/|$)).*"


register_url_convertor("page", _PagePath())


class Assets(StaticFiles):
    """Files whose names hold a hash of their content: they never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def router_for(pages: Path) -> APIRouter:
    """Routes for the files in `pages`."""
    router = APIRouter(include_in_schema=False)
    known = {file.name: file for file in pages.iterdir() if file.is_file()} if pages.is_dir() else {}

    @router.api_route("/{path:page}", methods=["GET", "HEAD"])
    async def page(path: str) -> Response:
        file = known.get(path) or known.get("index.html")
        if file is None:
            raise ServerError("The pages were not built. Whoever runs this server has to run `make build`.")
        return FileResponse(file, headers={"Cache-Control": "no-cache"})

    return router
