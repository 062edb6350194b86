"""The OpenAPI document: what FastAPI derives, with every error as the problem document that it is."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from perdure.http.schemas.events import ChatEvents
from perdure.http.schemas.fields import Problem

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_ERRORS = {
    "4XX": {"description": "What was asked cannot be done as asked.", "content": _PROBLEM},
    "5XX": {"description": "The server or its model failed.", "content": _PROBLEM},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of `app`; made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes, tags=app.openapi_tags
        )
        for path in document["paths"].values():
            for operation in path.values():
                # FastAPI's own 422 is never sent: `problems` answers in its place.
                operation["responses"].pop("422", None)
                operation["responses"].update(_ERRORS)
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Problem"] = Problem.model_json_schema()
        # What no handler's signature tells of: the events of a chat.
        _, events = models_json_schema([(ChatEvents, "serialization")], ref_template="#/components/schemas/{model}")
        schemas.update({name: schema for name, schema in events["$defs"].items() if name not in schemas})
        app.openapi_schema = document
    return app.openapi_schema
