"""What comes of an order, beside what it has shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from perdure.cli.chat.picking import Choice
from perdure.cli.chat.scene import Scene
from perdure.client.shapes import Message


@dataclass(frozen=True, slots=True)
class Edit:
    """A message to be put in other words; nothing is sent before that is done."""

    message: Message


@dataclass(frozen=True, slots=True)
class Leave:
    """Enough."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Something is to be chosen from a list before the order can go on with it. No choice: nothing happens."""

    title: str
    choices: list[Choice]
    then: Callable[[Scene, Choice], Awaitable[object]]


Outcome = Edit | Leave | Pick | None
Action = Callable[[Scene, str], Awaitable[Outcome]]
