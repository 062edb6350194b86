"""What an operator does: each act under a name, with the address that it came from, in the log and in the ledger."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol, assert_never

from fastapi import APIRouter, Request, Response

from perdure.core.orders import Order
from perdure.core.records import DEFAULT_BACKEND
from perdure.core.views import instant
from perdure.engine import backends, orders
from perdure.http.problems import Json
from perdure.http.schemas.acts import (
    Act,
    ActedOut,
    ActsOut,
    CancelAct,
    ChangeAct,
    DrainAct,
    DrillAct,
    HealthAct,
    MaintainAct,
    MergeAct,
    NoteAct,
    PauseAct,
    PlanAct,
    ResolveAct,
    RestartAct,
    TitleAct,
)
from perdure.http.schemas.fields import Limit
from perdure.http.service import Perdure, Service
from perdure.ports.bell import Hint
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1/operator", tags=["operator"])

NOBODY = "the operator"
"""Who acts that gives no name."""


@router.get("/acts", response_model=ActsOut)
async def list_acts(perdure: Perdure, limit: Limit = 100) -> Response:
    """What operators have done, the last one first."""
    found = await perdure.desk.acts(limit)
    return Json({"acts": [{"at": instant(at), "by": by, "act": act} for at, by, act in found]})


@router.post("/acts", response_model=ActedOut)
async def act(body: Act, request: Request, perdure: Perdure) -> Response:
    """Do something. What it is, and what it takes, says its `kind`.

    Everything is in force at once, for all processes, and stays so over their restarts; and it is remembered, with who
    did it. An order that stands already stands: the same again changes nothing.
    """
    by, via = body.name.strip() or NOBODY, _way(request, perdure)
    match body:
        case RestartAct():
            await perdure.desk.restart(body.process)
            said = f"restart {body.process}"
        case DrainAct():
            await _order(perdure, partial(orders.give, what=orders.DRAIN), by, on=body.on)
            said = "drain" if body.on else "drain no more"
        case PauseAct():
            await _order(perdure, partial(orders.give, what=orders.PAUSE), by, on=body.on)
            said = "pause intake" if body.on else "pause intake no more"
        case MaintainAct():
            backend_id = str(body.backend)
            await _order(perdure, partial(_maintain, backend_id=backend_id), by, on=body.on)
            said = f"backend {backend_id} {'under maintenance' if body.on else 'under maintenance no more'}"
        case NoteAct() | TitleAct() | MergeAct() | ResolveAct() | PlanAct() | ChangeAct() | CancelAct() | DrillAct():
            touched = await perdure.desk.act({**_asked(body), "by": by, "via": via})
            return Json({"id": touched or None})
        case _:
            assert_never(body)
    perdure.desk.remember(by, via, said)
    return Json({"id": None})


class _Give(Protocol):
    def __call__(self, records: Records, *, order: Order | None, now: float) -> None: ...


async def _order(perdure: Service, give: _Give, by: str, *, on: bool) -> None:
    """Give an order, or take it back; whoever waits hears of it."""
    hints = (Hint.BACKEND, Hint.QUEUED, Hint.EVENTS)
    await perdure.act(lambda r, now: give(r, order=Order(by, now) if on else None, now=now), *hints)


def _maintain(records: Records, backend_id: str, order: Order | None, now: float) -> None:
    if order is not None and backend_id != DEFAULT_BACKEND:
        backends.backend_of(records, backend_id)
    orders.maintain(records, backend_id, order, now)


def _asked(body: HealthAct) -> dict[str, Any]:
    """The act as the health process takes it: instants in Unix seconds."""
    asked = body.model_dump(mode="json", exclude={"name"})
    if isinstance(body, PlanAct):
        asked |= {"begins_at": body.begins_at.timestamp(), "ends_at": body.ends_at.timestamp()}
    return asked


def _way(request: Request, perdure: Service) -> str:
    """Where it came from, and why it was let in."""
    host = request.client.host if request.client else "unknown"
    return f"{host}, {'loopback' if perdure.settings.access_token is None else 'access token'}"
