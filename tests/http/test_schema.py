"""The OpenAPI schema is true: whatever is sent by it, no answer is a 5xx, or one that it does not tell of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.request import Request, urlopen

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from perdure.config import Settings
from perdure.http.app import create_app
from perdure.http.known_health import KnownHealth
from perdure.http.schemas.settings import PatchSettings
from perdure.http.service import Service
from perdure.ports.tracing import NO_TRACING
from tests.http.installation import Installation

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection,
]  # fmt: skip


_SERVICE = SimpleNamespace(
    settings=Settings.model_validate({}),
    pages=Path("/nowhere"),
    note=lambda *_: None,
    health=KnownHealth(lambda: 0.0),
    metrics=None,
    tracing=NO_TRACING,
)
# The event stream, which has no end, has tests of its own; so have the operator's acts, which concern everybody.
schema = schemathesis.openapi.from_dict(create_app(cast(Service, _SERVICE)).openapi()).exclude(
    path_regex="/events$|/operator/acts$"
)


@pytest.fixture(autouse=True)
def as_it_was(installation: Installation) -> Iterator[None]:
    """The installation is everybody's: nothing that was set by chance stays set."""
    yield
    body = json.dumps(dict.fromkeys(PatchSettings.model_fields)).encode()
    headers = {"Content-Type": "application/json"}
    request = Request(f"{installation.url}/api/v1/settings", body, headers, method="PATCH")
    with urlopen(request, timeout=60) as answer:
        assert json.load(answer)["changed"] == []


@schema.parametrize()
@hypothesis.seed(8377)
@hypothesis.settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_no_request_of_the_schema_breaks_the_server(case: schemathesis.Case[Any], installation: Installation) -> None:
    """Valid and invalid requests alike get an answer of the schema."""
    case.call_and_validate(base_url=installation.url, checks=CHECKS, timeout=60)
