"""Settings that are made in the pages, and presets."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from perdure.core.presets import PRESETS
from perdure.engine import settings
from perdure.engine.backends import ACTIVE
from perdure.http.problems import Json
from perdure.http.schemas.settings import PatchSettings, PresetOut, SettingsOut
from perdure.http.service import Perdure
from perdure.ports.bell import Hint
from perdure.ports.store import Records

router = APIRouter(prefix="/api/v1", tags=["settings"])


@router.get("/settings", response_model=SettingsOut)
async def get_settings(perdure: Perdure) -> Response:
    """All settings: what they are, what they would be by flag, variable or file alone, and which were set here."""
    return Json(await perdure.store.read(lambda r: settings.told(r, perdure.settings.turn_settings())))


@router.patch("/settings", response_model=SettingsOut)
async def change_settings(body: PatchSettings, perdure: Perdure) -> Response:
    """Set some of them, for the next turn on, in every process. null goes back to the default.

    A `preset` sets the whole sampler. It is not kept: `values.preset` is whichever preset the values are those of.
    """
    changes = body.model_dump(mode="json", exclude_unset=True)
    if changes.get(ACTIVE) == perdure.backends.default.id:
        changes[ACTIVE] = None

    def work(records: Records, now: float) -> dict[str, Any]:
        settings.change(records, changes, now)
        return settings.told(records, perdure.settings.turn_settings())

    return Json(await perdure.act(work, *((Hint.BACKEND,) if ACTIVE in changes else ())))


@router.get("/presets", response_model=list[PresetOut])
async def list_presets() -> Response:
    """The presets, the calmest first."""
    return Json([{"id": name, "values": values} for name, values in PRESETS.items()])
