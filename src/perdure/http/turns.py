"""Turns: how they stand, and the stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from perdure.core.errors import PerdureError, describe
from perdure.core.records import AddedBackend
from perdure.core.turn import State, Turn
from perdure.core.views import instant, left_view, turn_view
from perdure.engine import backends, intake, orders
from perdure.engine.life import reply_text
from perdure.http.problems import Json
from perdure.http.schemas.messages import TurnOut, WaitOut
from perdure.http.service import Perdure, Service
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1/turns", tags=["turns"])


@router.get("/{turn_id}", response_model=TurnOut)
async def get_turn(turn_id: UUID, perdure: Perdure) -> Response:
    """How the turn stands now."""
    now = perdure.clock.now()
    view, asked, held = await perdure.store.read(
        lambda r: (_view(r, intake.turn_of(r, str(turn_id))), _Asked.known(r, now), orders.held(r)),
    )
    if held and view["state"] == State.QUEUED:
        view["waiting_for"] = "operator"
    elif await _absence(view, asked, perdure):
        view["waiting_for"] = "model"
    return Json(view)


@router.get("/{turn_id}/wait", response_model=WaitOut)
async def get_wait(turn_id: UUID, perdure: Perdure) -> Response:
    """What the turn waits for: how many replies are before it, and whether the model is away (`model`), or
    whoever runs this server has it wait (`operator`).
    """
    now = perdure.clock.now()

    def work(records: Records) -> tuple[dict[str, Any], int | None, _Asked, bool]:
        turn = intake.turn_of(records, str(turn_id))
        ahead = records.turns.count_queued(now, turn.created_at) if turn.state is State.QUEUED else None
        return _view(records, turn), ahead, _Asked.known(records, now), orders.held(records)

    view, ahead, asked, held = await perdure.store.read(work)
    if held and ahead is not None:
        # No failure of anything, and over when somebody says so.
        return Json({"ahead": ahead, "waiting_for": "operator", "trouble": None, "left": None, "quiet_from": None})
    absence = await _absence(view, asked, perdure)
    if absence is not None:
        absence.saved = True
        perdure.health.inform(absence)
        left = perdure.health.left(absence.incident)
        told = {"trouble": describe(absence), "left": left_view(left), "quiet_from": None}
        return Json({"ahead": ahead, "waiting_for": "model", **told})
    left = None if ahead is None else perdure.health.wait(ahead)
    waits = {"ahead": ahead, "waiting_for": view["waiting_for"], "trouble": view["trouble"]}
    return Json({**waits, "left": left_view(left), "quiet_from": instant(perdure.health.quiet_from(left, now))})


@router.post("/{turn_id}/stop", response_model=TurnOut)
async def stop_turn(turn_id: UUID, perdure: Perdure) -> Response:
    """End the turn here and keep what has been said. Final, whoever is at work; an ended turn stays as it is."""
    return Json(await perdure.stop(str(turn_id), _view))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which backend is asked, None for the default; and why nobody asks it, where it was found out to be deaf."""

    backend: AddedBackend | None
    deafness: PerdureError | None

    @classmethod
    def known(cls, records: Records, now: float) -> _Asked:
        return cls(backends.active(records), orders.deafness(records, now))


async def _absence(view: Mapping[str, Any], asked: _Asked, perdure: Service) -> PerdureError | None:
    """Why nobody has tried the turn: the model has been away, or deaf, from the start."""
    if view["state"] != State.QUEUED or view["attempts"]:
        return None
    return asked.deafness or await perdure.backends.absence(asked.backend)


def _view(records: Records, turn: Turn) -> dict[str, Any]:
    return turn_view(turn, records.turns.attempts(turn.id), reply_text(records, turn))
