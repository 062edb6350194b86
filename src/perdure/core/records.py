"""What is kept of a conversation: chats, the tree of their messages, attempts, and the events that clients read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from perdure.core.characters import Character
from perdure.core.errors import PerdureError
from perdure.core.turn import State


class Role(StrEnum):
    """Who speaks a message."""

    USER = "user"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True)
class Message:
    """A node of a chat's tree. A reply's `text` is empty until its turn has ended: before, the turn holds it.

    `author` is a character's id or None for the user; `state` is DONE for all but replies. `depth` and `jump_id` are
    its place in the tree (see `core.ancestry`); `hidden_at` is set where it was deleted itself, and hides all below it.
    """

    id: str
    chat_id: str
    parent_id: str | None
    role: Role
    author: str | None
    author_name: str
    text: str
    created_at: float
    state: State = State.DONE
    turn_id: str | None = None
    error: PerdureError | None = None
    depth: int = 0
    jump_id: str | None = None
    hidden_at: float | None = None


class Said(NamedTuple):
    """A message as far as a prompt needs it: a reply's text is what its turn ended with."""

    role: Role
    text: str
    depth: int


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation. `head_id` is the last message of the branch that is shown.

    `origin` is `chat`, or `openai` for one made by the OpenAI-compatible endpoint, which is not listed. `greeting` and
    `begun_as` (a persona) are what it was begun with. `messages` counts those of the branch; `preview` and
    `preview_author` are of its last one.
    """

    id: str
    title: str
    character_ids: tuple[str, ...]
    persona_id: str | None
    head_id: str | None
    created_at: float
    updated_at: float
    origin: str = "chat"
    preview: str = ""
    greeting: int = 0
    begun_as: str | None = None
    messages: int = 0
    preview_author: str | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """A chat, a character or a persona in the trash: `name` is a chat's title or their name."""

    id: str
    name: str
    hidden_at: float


@dataclass(frozen=True, slots=True)
class HiddenMessage:
    """A message that was deleted itself, with all below it. `text` is its beginning, `parent_id` what it is below."""

    id: str
    chat_id: str
    chat_title: str
    parent_id: str | None
    author_name: str
    text: str
    hidden_at: float


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the user is in a chat."""

    id: str
    name: str
    description: str
    created_at: float
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class StoredCharacter:
    """A character as it is kept.

    `picture` tells one avatar from another (`picture_digest`), None for none. `digest` is the SHA-256 of what it was
    made from (an imported file, or the fields that a client sent), so that the same counts once.
    """

    id: str
    character: Character
    picture: str | None
    digest: str | None
    created_at: float
    updated_at: float
    favourite: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """How often a character is talked with: the chats that are shown, and the one that was used last."""

    chats: int = 0
    last_chat_id: str | None = None
    last_chat_at: float | None = None


DEFAULT_BACKEND = "default"
"""The id of the backend that Perdure was started with."""


@dataclass(frozen=True, slots=True)
class AddedBackend:
    """A backend that was added while Perdure runs. Its key is a secret: nothing shows it, not even a traceback."""

    id: str
    name: str
    url: str
    model: str
    created_at: float
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A turn that has not ended, as the operator sees it. `worker` is who writes it, None where it waits; `since` is
    when that began; `length` is how long the reply is so far, in code points.
    """

    id: str
    chat_id: str
    chat_title: str
    worker: str | None
    since: float
    length: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One worker's try at a turn."""

    n: int
    worker: str
    backend: str
    started_at: float
    ended_at: float | None
    outcome: str | None
    error: PerdureError | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    characters: int
    chats: int
    messages: int
    personas: int


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the log that clients follow; `seq` grows in the order of the commits.

    For a `delta`, `body` is text and `offset` its place in the reply; for all other kinds `body` is JSON as it is sent.
    """

    seq: int
    chat_id: str
    kind: str
    turn_id: str | None
    message_id: str | None
    offset: int
    body: str


@dataclass(frozen=True, slots=True)
class News:
    """Something for the log: `body` is JSON as clients will get it."""

    chat_id: str
    kind: str
    body: str
    turn_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """Text for a turn at an offset, written under a fence."""

    turn_id: str
    chat_id: str
    message_id: str
    fence: int
    offset: int
    text: str
    tokens: int
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Unforeseen:
    """A group of exceptions that nobody foresaw: all that came the same way.

    `kind` is the class, `place` where it was raised, `process` the last one that met it; `traceback` and `error_id` are
    those of the last time.
    """

    fingerprint: str
    kind: str
    place: str
    process: str
    traceback: str
    error_id: str
    first_at: float
    last_at: float
    times: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What a person tells the operator of a message; `text` only where they agreed to show it."""

    id: str
    chat_id: str
    message_id: str
    turn_id: str | None
    error: PerdureError | None
    attempts: Sequence[Mapping[str, object]]
    comment: str
    text: str | None
    created_at: float


TurnSettings = Mapping[str, object]
"""What a turn was asked with: sampler, budget, context size. Kept with it as JSON."""


def picture_digest(picture: bytes) -> str:
    """What tells a picture from any other: the beginning of its SHA-256, in hex."""
    return hashlib.sha256(picture).hexdigest()[:16]
