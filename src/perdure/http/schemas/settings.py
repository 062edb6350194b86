"""Settings and presets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from perdure.config import Settings
from perdure.core.presets import PRESETS
from perdure.http.schemas.fields import Asked, Id


def _as_started(name: str) -> Any:
    """A value is held to the bounds that it has as a flag: they are written down once, in `config`."""
    limits: dict[str, Any] = {}
    for limit in Settings.model_fields[name].metadata:
        limits |= {key: getattr(limit, key) for key in ("ge", "gt", "le", "lt") if hasattr(limit, key)}
    return Field(**limits, description=Settings.model_fields[name].description)


def _known(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(f"there is no such preset; there are {', '.join(PRESETS)}")
    return name


class PatchSettings(Asked):
    """What is to be set; what is left out stays, and null goes back to the default."""

    temperature: Annotated[float, _as_started("temperature")] | None = None
    top_p: Annotated[float, _as_started("top_p")] | None = None
    top_k: Annotated[int, _as_started("top_k")] | None = None
    min_p: Annotated[float, _as_started("min_p")] | None = None
    repeat_penalty: Annotated[float, _as_started("repeat_penalty")] | None = None
    max_tokens: Annotated[int, _as_started("max_tokens")] | None = None
    context_size: Annotated[int, _as_started("context_size")] | None = None
    seed: Annotated[int, _as_started("seed")] | None = None
    preset: Annotated[str, Field(json_schema_extra={"enum": [*PRESETS]}), AfterValidator(_known)] | None = None
    persona_id: Id | None = None
    backend_id: Id | Literal["default"] | None = None
    welcomed: bool | None = None


class SettingsValues(BaseModel):
    """All settings. null: the backend's own default; for `seed`: another one for each turn; otherwise: none."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    repeat_penalty: float | None
    max_tokens: int
    context_size: int
    seed: int | None
    preset: str | None
    persona_id: str | None
    backend_id: str | None
    welcomed: bool


class SettingsOut(BaseModel):
    """What is set, what it would be if nothing were set here, and which settings were set here."""

    values: SettingsValues
    defaults: SettingsValues
    changed: list[str]


class PresetValues(BaseModel):
    """A preset's values; null goes back to the default."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    repeat_penalty: float | None


class PresetOut(BaseModel):
    """A preset."""

    id: str
    values: PresetValues
