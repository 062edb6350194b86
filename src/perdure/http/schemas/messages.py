"""Messages and turns."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, model_validator

from perdure.http.schemas.fields import Asked, ErrorOnRecord, Id, Speech


class PutMessage(Asked):
    """A message. It goes below `parent_id`, without it to the end of the branch that is shown; or as an edit `beside`
    another message, with its role and author. `reply` asks for a reply, which only a user's message can get; left out,
    it is true for those.
    """

    text: Speech
    parent_id: Id | None = None
    beside: Id | None = None
    reply: bool = True

    @model_validator(mode="after")
    def _one_place(self) -> PutMessage:
        if self.beside is not None and self.parent_id is not None:
            raise ValueError("beside: send either `beside` or `parent_id`")
        return self


class PutHead(Asked):
    """Where the branch that is shown ends: at the message, or with `leaf` at its newest descendant."""

    message_id: Id
    leaf: bool = False


class PutTurn(Asked):
    """Ask for a (further) reply to `parent_id`; for `continue` that is the reply which is to go on."""

    kind: Literal["reply", "swipe", "continue"]
    parent_id: Id


class MessageOut(BaseModel):
    """A message on a branch. `siblings` are all shown messages with the same parent, itself included, oldest first;
    null where a message is told of as it was when it came. `depth` is 0 for a root.
    """

    id: str
    chat_id: str
    parent_id: str | None
    siblings: list[str] | None
    depth: int
    role: Literal["user", "character"]
    author: str
    text: str
    created_at: str
    turn_id: str | None
    state: Literal["queued", "running", "done", "stopped", "failed"]
    error: ErrorOnRecord | None


class AttemptOut(BaseModel):
    """One worker's try at a turn."""

    n: int
    worker: str
    backend: str
    started_at: str
    ended_at: str | None
    outcome: str | None


class TurnOut(BaseModel):
    """A turn. `offset` counts the code points of `text`."""

    id: str
    chat_id: str
    message_id: str
    parent_id: str
    kind: Literal["reply", "swipe", "continue"]
    state: Literal["queued", "running", "done", "stopped", "failed"]
    text: str
    offset: int
    trouble: ErrorOnRecord | None
    retry_at: str | None
    waiting_for: str | None
    created_at: str
    ended_at: str | None
    attempts: list[AttemptOut]
    error: ErrorOnRecord | None


class LeftOut(BaseModel):
    """How long something still lasts, in seconds, as such things have lasted: half of them were over by `median_s`, and
    nine of ten between `low_s` and `high_s`. `text` says it in words.
    """

    median_s: float
    low_s: float
    high_s: float
    text: str


class WaitOut(BaseModel):
    """What a turn waits for, and why. `ahead` counts the replies that wait before it; null where it does not wait.
    `left` is how long it still waits; null where that is not known. `quiet_from` is when it is quieter, as the weeks
    before were: told where the wait is a long one.
    """

    ahead: int | None
    waiting_for: str | None
    trouble: ErrorOnRecord | None
    left: LeftOut | None
    quiet_from: str | None


class AcceptedOut(BaseModel):
    """What was accepted, as it was accepted; how the turn stands now is at `GET /api/v1/turns/{id}`."""

    message: MessageOut | None = None
    turn: TurnOut | None


class MessagesOut(BaseModel):
    """Messages of the branch that is shown, oldest first; `total` counts all on it."""

    messages: list[MessageOut]
    has_before: bool
    has_after: bool
    total: int
