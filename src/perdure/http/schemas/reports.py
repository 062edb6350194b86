"""Reports of people, and exceptions that nobody foresaw."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from perdure.http.schemas.fields import Asked, ErrorOnRecord, Id, Text
from perdure.http.schemas.messages import AttemptOut


class PutReport(Asked):
    """Which reply, and what there is to say of it. The operator sees its text only with `include_text`."""

    message_id: Id
    comment: Annotated[Text, Field(max_length=2000)] = ""
    include_text: bool = False


class ReportOut(BaseModel):
    """A report as it lies in the operator's list; `text` is null where its writer did not agree to show it."""

    id: str
    chat_id: str
    message_id: str
    turn_id: str | None
    error: ErrorOnRecord | None
    attempts: list[AttemptOut]
    comment: str
    text: str | None
    created_at: str


class ReportsOut(BaseModel):
    """The last one first."""

    reports: list[ReportOut]


class UnforeseenOut(BaseModel):
    """A group of exceptions that came the same way; traceback, process and error id are those of the last time."""

    fingerprint: str
    kind: str
    place: str
    process: str
    traceback: str
    error_id: str
    first_at: str
    last_at: str
    times: int


class UnforeseenListOut(BaseModel):
    """The last seen first."""

    exceptions: list[UnforeseenOut]
