"""What operators and their tools see, and the session."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from perdure.http.schemas.fields import Asked, Text


class PutSession(Asked):
    """The access token."""

    access_token: Annotated[Text, Field(max_length=1000)]


class ProcessOut(BaseModel):
    """A process of this installation; `since` is when it got into its state, ISO 8601.

    `restarts` counts its starts after the first, `deaths` how often it ended although nobody had asked for that;
    `last_exit` says how, in words. With `silent` it runs, and has not been heard for more than a second; with
    `needs_operator` it keeps ending. `memory_bytes` is what it holds for itself, `cpu` its share of one core lately,
    null where that is not known.
    """

    name: str
    role: str
    pid: int | None
    state: str
    restarts: int
    deaths: int
    since: str
    silent: bool
    needs_operator: bool
    last_exit: str | None
    memory_bytes: int | None
    cpu: float | None


class ProgressOut(BaseModel):
    """How much of the starter model has come; `total_bytes` is null where nobody has said."""

    done_bytes: int
    total_bytes: int | None


class ModelStatusOut(BaseModel):
    """The model that answers, and how it is. `starter`: it is the small one that comes with Perdure."""

    id: str
    kind: Literal["embedded", "configured", "added"]
    name: str
    model: str | None
    state: Literal["ready", "loading", "fetching", "missing", "down", "maintenance"]
    detail: str | None
    remedy: str | None
    progress: ProgressOut | None
    starter: bool


class LimitsOut(BaseModel):
    """What a message and a chat may have: code points, messages and further replies a minute (0: no limit), and
    characters.
    """

    message_chars: int
    messages_per_minute: int
    characters_per_chat: int


class StatusOut(BaseModel):
    """What the server is, how its model stands, and what may be sent.

    Pages ask `second_origin` where this server does not answer.
    """

    version: str
    limits: LimitsOut
    backend: ModelStatusOut
    second_origin: str | None
