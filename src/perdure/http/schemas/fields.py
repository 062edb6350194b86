"""What every body is made of: text that can be kept, ids, problems."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from perdure.core.admission import MESSAGE_CHARS

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _storable(text: str) -> str:
    if _CONTROLS.search(text):
        raise ValueError("control characters are not allowed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("lone surrogates are not allowed: send valid Unicode") from None
    return text


def _spoken(text: str) -> str:
    if not text.strip():
        raise ValueError("there is nothing in it")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Speech = Annotated[str, Field(max_length=MESSAGE_CHARS), AfterValidator(_storable), AfterValidator(_spoken)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable), AfterValidator(_spoken)]
Id = Annotated[UUID, Field(strict=False)]

Limit = Annotated[int, Query(ge=1, le=500)]


class Asked(BaseModel):
    """A request body: types are not guessed."""

    model_config = ConfigDict(strict=True, extra="ignore")


class ErrorOnRecord(BaseModel):
    """Why a turn failed."""

    type: str
    code: str
    fault: Literal["server", "model", "network", "client"]
    title: str
    verdict: str
    detail: str
    saved: bool
    remedy: str
    avoid: str
    retry_after_s: float | None
    incident: str | None
    error_id: str | None


class Problem(ErrorOnRecord):
    """An RFC 9457 problem document."""

    status: int


def again(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What the schema tells of a repeated request: it is answered like the first, with another status (promise 7)."""
    return {200: {"model": model, "description": "The same again."}}
