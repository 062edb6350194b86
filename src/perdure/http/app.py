"""Put the HTTP app together."""

from __future__ import annotations

from fastapi import FastAPI

from perdure import __version__
from perdure.http import (
    acts,
    backends,
    cards,
    characters,
    chats,
    data,
    events,
    help_pages,
    messages,
    openai,
    openapi,
    operator,
    overview,
    pages,
    personas,
    problems,
    reports,
    status_pages,
    trash,
    turns,
)
from perdure.http import settings as settings_api
from perdure.http.guard import Guard
from perdure.http.metrics import Metered
from perdure.http.service import Service
from perdure.http.shortcut import ShortCut
from perdure.http.tracing import Traced


def create_app(service: Service) -> FastAPI:
    """The app over `service`."""
    settings = service.settings
    app = FastAPI(
        title="Perdure",
        version=__version__,
        summary="Character chat in which a conversation outlives every failure behind it.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,
    )
    app.state.service = service
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]  # FastAPI's documented way
    problems.install(app, service.health.inform)
    parts = (
        *(chats, messages, turns, events, cards, characters, personas, trash),
        *(settings_api, backends, data, openai, operator, overview, acts, reports, help_pages, status_pages),
    )
    for part in parts:
        app.router.routes.extend(part.router.routes)
    assets = service.pages / "assets"
    if assets.is_dir():
        app.mount("/assets", pages.Assets(directory=assets))
    app.include_router(pages.router_for(service.pages))
    token = settings.access_token.get_secret_value() if settings.access_token else None
    app.add_middleware(ShortCut, service=service)
    hosts = (settings.host, *settings.allowed_hosts)
    second = str(settings.second_origin) if settings.second_origin else None
    app.add_middleware(
        Guard,
        access_token=token,
        allowed_hosts=hosts,
        second_origin=second,
        note=service.note,
        inform=service.health.inform,
    )
    app.add_middleware(Metered, metrics=service.metrics)
    if service.tracing.on:
        app.add_middleware(Traced, now=service.clock.now)
    return app
