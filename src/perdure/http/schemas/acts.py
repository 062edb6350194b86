"""What an operator can do: one act a request, of a kind each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from perdure.core.records import DEFAULT_BACKEND
from perdure.http.schemas.fields import Asked, Id, Name, Text

IncidentId = Annotated[Text, Field(min_length=1, max_length=64)]
Said = Annotated[Text, Field(min_length=1, max_length=2000)]
Instant = Annotated[AwareDatetime, Field(strict=False)]


class _Act(Asked):
    """`name` is who acts, as they are to be named; where none is given it is `the operator`."""

    name: Annotated[Text, Field(max_length=80)] = ""


class NoteAct(_Act):
    """Write a line into an incident's story, and with `stage` say how far it has come."""

    kind: Literal["note"]
    incident: IncidentId
    text: Said
    stage: Literal["identified", "recovering", "monitoring"] | None = None


class TitleAct(_Act):
    """Say what an incident is called."""

    kind: Literal["title"]
    incident: IncidentId
    text: Name


class MergeAct(_Act):
    """The incident belongs to another one, `into`: that has the story of both."""

    kind: Literal["merge"]
    incident: IncidentId
    into: IncidentId


class ResolveAct(_Act):
    """The incident is over. Should anything be broken still, there is a new one at once."""

    kind: Literal["resolve"]
    incident: IncidentId
    text: Said


class PlanAct(_Act):
    """Plan work on components. While it goes on, what is wrong with them is no incident."""

    kind: Literal["plan"]
    title: Name
    text: Annotated[Text, Field(max_length=2000)] = ""
    components: Annotated[list[Annotated[Text, Field(max_length=100)]], Field(min_length=1, max_length=100)]
    begins_at: Instant
    ends_at: Instant


class ChangeAct(PlanAct):
    """Plan the work of that id otherwise."""

    kind: Literal["change"]  # type: ignore[assignment]
    maintenance: Id


class CancelAct(_Act):
    """The work is not done, or is over before its time."""

    kind: Literal["cancel"]
    maintenance: Id


class RestartAct(_Act):
    """End a process in good order and start it again. Replies that it writes are taken over by others."""

    kind: Literal["restart"]
    process: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


class DrainAct(_Act):
    """Have workers finish what they write and take nothing new, or with `on` false let them."""

    kind: Literal["drain"]
    on: bool


class PauseAct(_Act):
    """Have new messages refused with `intake_paused`, or with `on` false take them again."""

    kind: Literal["pause"]
    on: bool


class MaintainAct(_Act):
    """Have nobody ask a backend, or with `on` false let them. What waits for it goes on waiting, and does not fail."""

    kind: Literal["maintain"]
    backend: Id | Literal["default"] = DEFAULT_BACKEND  # type: ignore[assignment]
    on: bool


class DrillAct(_Act):
    """Begin a drill with so many strikes: a server of its own with a scripted model, whose processes are killed and
    frozen in mid-sentence, while it is checked that nothing is lost. It takes some minutes, and the processor only
    where nobody else wants it. With `on` false the one that goes on is ended.
    """

    kind: Literal["drill"]
    on: bool
    kills: Annotated[int, Field(ge=1, le=200)] = 20


HealthAct = NoteAct | TitleAct | MergeAct | ResolveAct | PlanAct | ChangeAct | CancelAct | DrillAct
"""What the health process does."""

Act = Annotated[HealthAct | RestartAct | DrainAct | PauseAct | MaintainAct, Field(discriminator="kind")]


class ActedOut(BaseModel):
    """The id of what was touched, where it has one."""

    id: str | None


class ActOut(BaseModel):
    """What was done: when, by whom and how they came here, and what."""

    at: str
    by: str
    act: str


class ActsOut(BaseModel):
    """The last one first."""

    acts: list[ActOut]
