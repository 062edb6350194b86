"""Promise 8 at the edge: every error is a problem document, also where nobody foresaw it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest
from structlog.testing import capture_logs

from perdure.config import Settings
from perdure.core.errors import PerdureError, StoreFull, StoreUnavailable, tree
from perdure.engine.unforeseen import Note
from perdure.http.app import create_app
from perdure.http.guard import SECURITY_HEADERS
from perdure.http.known_health import KnownHealth
from perdure.http.metrics import Metrics
from perdure.http.problems import problem
from perdure.http.service import Service
from perdure.ports.tracing import NO_TRACING
from tests.http.asking import MEMBERS, Answer, Asking

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/x", "/api/v1/chats/", "/v1", "/v1/x"]
)
async def test_an_unknown_path_of_the_api_is_not_found(ask: Asking, method: str, path: str) -> None:
    """404 for every method, and never a page or a redirect."""
    (await ask(method, path, allow_redirects=False)).problem(404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/v1/chats", "GET"), ("DELETE", "/api/v1/status", "GET"), ("GET", "/api/v1/session", "POST"),
        ("PUT", "/api/v1/turns/00000000-0000-4000-8000-000000000000", "GET"), ("GET", "/v1/chat/completions", "POST"),
        ("POST", "/", "GET"), ("DELETE", "/index.html", "GET"),
    ],
)  # fmt: skip
async def test_a_method_that_a_path_does_not_have(ask: Asking, method: str, path: str, allowed: str) -> None:
    """405, with the header that says which it has."""
    answer = await ask(method, path)
    answer.problem(405, "method_not_allowed")
    assert allowed in answer.headers["Allow"]


async def answered_by_an_app_whose_store(
    error: Exception, path: str = "/api/v1/chats", note: Note = lambda *_: None, *, ending: bool = False
) -> Answer:
    """What a client gets where reading the record raises `error`."""

    async def read(_: object) -> NoReturn:
        raise error

    async def nothing() -> None:
        return None

    settings = Settings.model_validate({"data_dir": "/nowhere"})
    store = SimpleNamespace(read=read)
    service = SimpleNamespace(settings=settings, pages=Path("/nowhere"), store=store, note=note)
    service.health, service.metrics = KnownHealth(lambda: 0.0), Metrics(lambda: 0, nothing)
    service.tracing, service.tailer = NO_TRACING, SimpleNamespace(closed=ending)
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"localhost")], "http_version": "1.1", "scheme": "http", "server": ("localhost", 80),
    }  # fmt: skip
    await create_app(cast(Service, service))(scope, receive, send)
    headers = {name.decode().title(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


async def test_a_mistake_of_ours_is_told_as_one() -> None:
    """Whatever is raised: 500, no word of the exception, and an id under which the log has all of it."""
    noted: list[tuple[str, str]] = []
    with capture_logs() as logs:
        answer = await answered_by_an_app_whose_store(
            RuntimeError("secret detail"), note=lambda error, error_id: noted.append((str(error), error_id))
        )
    document = answer.problem(500, "internal_error")
    assert b"secret" not in answer.content
    assert [entry["error_id"] for entry in logs] == [document["error_id"]]
    assert noted == [("secret detail", document["error_id"])]
    assert SECURITY_HEADERS.keys() <= answer.headers.keys()


@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable("Away."), 503), (StoreFull("Full."), 507)])
async def test_a_store_that_fails_is_named(error: PerdureError, status: int) -> None:
    """A record that cannot be read or written is the server's fault, says so, and is logged."""
    with capture_logs() as logs:
        document = (await answered_by_an_app_whose_store(error)).problem(status, error.code)
    assert (document["detail"], document["fault"]) == (error.detail, "server")
    assert logs[0]["error_id"] == document["error_id"]


async def test_openai_clients_get_an_error_that_they_know(ask: Asking) -> None:
    """Under /v1 a problem document holds OpenAI's error object as well."""
    document = (await ask("GET", "/v1/models/nobody")).problem(404, "not_found")
    assert document["error"]["code"] == "not_found"
    assert document["error"]["message"]
    assert "error" not in (await ask("GET", "/api/v1/nothing")).problem(404, "not_found")


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.code)
def test_every_error_of_the_tree_is_a_whole_document(kind: type[PerdureError]) -> None:
    """All members, whatever the error; a wait where the status promises one."""
    for error in (kind(), kind("A sentence.", saved=True, retry_after_s=2.5)):
        answer = problem(error, "/api/v1/x")
        document = json.loads(bytes(answer.body))
        assert document.keys() >= MEMBERS
        assert answer.status_code == document["status"]
        assert answer.media_type == "application/problem+json"
        assert document["detail"].endswith(".") or document["detail"] == document["title"]
        if error.status in (429, 503):
            assert answer.headers["Retry-After"] == ("3" if error.retry_after_s else "1")


async def test_a_process_that_is_about_to_end_is_not_ready() -> None:
    """Whoever spreads requests over several sends it no more; it is alive all the same."""
    error = AssertionError("nothing is read")
    (await answered_by_an_app_whose_store(error, "/readyz", ending=True)).problem(503, "server_unavailable")
    assert (await answered_by_an_app_whose_store(error, "/healthz", ending=True)).status == 200


async def test_a_record_that_is_only_slow_has_no_traceback_in_the_log() -> None:
    """It is asked for every few seconds by whoever watches: the reason is its line. A failure's own cause is logged."""
    with capture_logs() as logs:
        (await answered_by_an_app_whose_store(TimeoutError(), "/readyz")).problem(503, "store_unavailable")
    assert [entry["exc_info"] for entry in logs] == [None]
    with capture_logs() as logs:
        failure = StoreUnavailable("Nothing is there.")
        failure.__cause__ = OSError("It is gone.")
        (await answered_by_an_app_whose_store(failure)).problem(503, "store_unavailable")
    assert logs[0]["exc_info"] is failure
