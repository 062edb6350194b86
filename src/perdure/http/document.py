"""Write the OpenAPI document to standard output, without a server: `python -m perdure.http.document`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from perdure.config import Settings
from perdure.http.app import create_app
from perdure.http.known_health import KnownHealth
from perdure.http.service import Service
from perdure.ports.tracing import NO_TRACING


def document() -> str:
    """The document, as it is committed: the same for the same code, whatever the machine is set to."""
    parts = SimpleNamespace(settings=Settings.model_construct(host="127.0.0.1", allowed_hosts=(), access_token=None))
    parts.pages, parts.note = Path("/nowhere"), lambda *_: None
    parts.health, parts.metrics, parts.tracing = KnownHealth(lambda: 0.0), None, NO_TRACING
    # Nothing is asked of the service before the first request.
    app = create_app(cast(Service, parts))
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
