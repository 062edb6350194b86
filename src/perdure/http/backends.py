"""Backends: which there are, adding and removing them, a check before one is used. Keys come in and never go out."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from pydantic import SecretStr

from perdure.core.errors import Invalid
from perdure.core.prompt import estimate_tokens
from perdure.core.records import DEFAULT_BACKEND, AddedBackend
from perdure.core.views import error_view
from perdure.engine import backends, orders
from perdure.http.problems import Json
from perdure.http.schemas.backends import BackendOut, CheckBackend, CheckedOut, CountTokens, PutBackend, TokensOut
from perdure.http.schemas.fields import again
from perdure.http.service import Perdure
from perdure.ports.backends import DefaultBackend
from perdure.ports.bell import Hint
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1", tags=["backends"])


@router.get("/backends", response_model=list[BackendOut])
async def list_backends(perdure: Perdure) -> Response:
    """The backend that Perdure was started with, and those that were added, the oldest first."""

    def work(records: Records) -> list[dict[str, Any]]:
        active = backends.active(records)
        added = [_view(one, active) for one in records.backends.all()]
        return [_default_view(perdure.backends.default, active), *added]

    return Json(await perdure.store.read(work))


@router.put("/backends/{backend_id}", response_model=BackendOut, status_code=201, responses=again(BackendOut))
async def put_backend(backend_id: UUID, body: PutBackend, perdure: Perdure) -> Response:
    """Add a backend, or change the one of this id (200). To use it, set `backend_id` at `PATCH /settings`."""
    backend = AddedBackend(str(backend_id), body.name, body.url, body.model, perdure.clock.now(), _secret(body.api_key))
    _refuse_unusable(backend, perdure)
    keep_key = "api_key" not in body.model_fields_set

    def work(records: Records, _: float) -> tuple[bool, dict[str, Any]]:
        created, kept = backends.put(records, backend, keep_key=keep_key)
        return created, _view(kept, backends.active(records))

    created, view = await perdure.act(work, Hint.BACKEND)
    return Json(view, 201 if created else 200)


@router.delete("/backends/{backend_id}", status_code=204)
async def remove_backend(backend_id: UUID, perdure: Perdure) -> Response:
    """Forget a backend and its key. Replies that it is writing are written to their end.

    Where it was the active one, the next replies come from the one that Perdure was started with. Nothing is kept of
    it, so one that is not there is one that was removed: the same again changes nothing.
    """

    def work(records: Records, now: float) -> None:
        backends.remove(records, str(backend_id))
        orders.maintain(records, str(backend_id), None, now)

    await perdure.act(work, Hint.BACKEND)
    return Response(status_code=204)


@router.post("/backends/check", response_model=CheckedOut)
async def check_backend(body: CheckBackend, perdure: Perdure) -> Response:
    """Look whether a backend does: list its models, and let the model say something. 10 seconds at most.

    What is wrong with it is told in the answer, as a problem; the check itself went well all the same.
    """
    asked = await _asked(body, perdure)
    if asked is not None:
        _refuse_unusable(asked, perdure)
    checked = await perdure.backends.check(asked)
    return Json(
        {
            "ok": checked.problem is None,
            "models": list(checked.models),
            "reply": checked.reply,
            "took_ms": checked.took_ms,
            "problem": error_view(checked.problem),
        }
    )


@router.post("/tokens", response_model=TokensOut)
async def count_tokens(body: CountTokens, perdure: Perdure) -> Response:
    """Count tokens: by the active backend's own tokenizer where that can be asked, otherwise by an estimate."""
    active = await perdure.store.read(backends.active)
    counted = await perdure.backends.count_tokens(active, body.texts) if body.texts else []
    if counted is None:
        return Json({"tokens": [estimate_tokens(text) for text in body.texts], "exact": False, "tokenizer": None})
    name = perdure.backends.default.model if active is None else active.model or active.name
    return Json({"tokens": counted, "exact": True, "tokenizer": name})


async def _asked(body: CheckBackend, perdure: Perdure) -> AddedBackend | None:
    """The backend to check, None for the one that Perdure was started with as it is. Raises NotFound."""
    if body.url is not None:
        return AddedBackend(str(uuid4()), body.url, body.url, body.model or "", 0.0, _secret(body.api_key))
    if body.id == DEFAULT_BACKEND:
        return None
    known = await perdure.store.read(lambda r: backends.backend_of(r, str(body.id)))
    model = known.model if body.model is None else body.model
    return AddedBackend(known.id, known.name, known.url, model, known.created_at, known.api_key)


def _refuse_unusable(backend: AddedBackend, perdure: Perdure) -> None:
    try:
        perdure.backends.refuse_unusable(backend)
    except ValueError as error:
        raise Invalid("url: this is no address of a server.", remedy="Check how it is spelt.") from error


def _secret(key: SecretStr | None) -> str | None:
    return key.get_secret_value() or None if key is not None else None


def _view(backend: AddedBackend, active: AddedBackend | None) -> dict[str, Any]:
    return {
        "id": backend.id,
        "name": backend.name,
        "kind": "added",
        "url": backend.url,
        "model": backend.model,
        "has_key": backend.api_key is not None,
        "active": active is not None and active.id == backend.id,
    }


def _default_view(backend: DefaultBackend, active: AddedBackend | None) -> dict[str, Any]:
    return {
        "id": backend.id,
        "name": backend.name,
        "kind": backend.kind,
        "url": backend.url,
        "model": backend.model,
        "has_key": backend.has_key,
        "active": active is None,
    }
