"""What operators and their tools see, and the session."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from perdure.http.schemas.fields import Asked, Text


class PutSession(Asked):
    """The access token."""

    access_token: Annotated[Text, Field(max_length=1000)]


class ProcessOut(BaseModel):
    """A process of this installation; `since` is when it got into its state, ISO 8601."""

    name: str
    role: str
    pid: int | None
    state: str
    restarts: int
    since: str


class StatusOut(BaseModel):
    """What the server is, and how its model stands."""

    version: str
    backend: dict[str, Any]
