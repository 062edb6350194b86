"""What a request's route is called: its path with the names of its parameters, of which there are only so many."""

from __future__ import annotations

from starlette.types import Scope

NO_ROUTE = "none"
"""Of a request that was refused before it came to any route."""


def template(scope: Scope) -> str:
    """The path's template, once the request has come to its route. Files have the folder that they are mounted at."""
    route = scope.get("route")
    return scope.get("root_path") or NO_ROUTE if route is None else str(route.path_format)
