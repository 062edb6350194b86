"""What the events of a chat carry. They are sent as they were logged; these models describe them."""

from __future__ import annotations

from pydantic import BaseModel

from perdure.http.schemas.messages import MessageOut, TurnOut


class DeltaOut(BaseModel):
    """More of a reply: `text` begins at `offset`, in code points. Offsets only grow."""

    turn_id: str
    message_id: str
    offset: int
    text: str


class HeadOut(BaseModel):
    """The end of the branch that is shown has moved."""

    chat_id: str
    head_id: str | None


class HiddenOut(BaseModel):
    """A message, and so all below it, was hidden or brought back."""

    chat_id: str
    message_id: str
    hidden: bool


class ChatEvents(BaseModel):
    """The data of each kind of event, by the event's name."""

    message: MessageOut
    turn: TurnOut
    delta: DeltaOut
    head: HeadOut
    hidden: HiddenOut
