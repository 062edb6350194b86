"""The JSON of the contract as clients read it. A newer server may send more members; none of these goes missing."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

TurnState = Literal["queued", "running", "done", "stopped", "failed"]
TurnKind = Literal["reply", "swipe", "continue"]

FINAL: frozenset[str] = frozenset({"done", "stopped", "failed"})
"""States after which nothing more happens to a turn."""


class Failure(TypedDict):
    """The problem document's members that are kept with a failed turn."""

    type: NotRequired[str]
    code: str
    fault: str
    title: str
    verdict: NotRequired[str]
    detail: str
    remedy: str
    avoid: NotRequired[str]
    saved: bool
    retry_after_s: float | None
    error_id: NotRequired[str | None]


class Message(TypedDict):
    """A message. The text of a reply in progress is empty in events, and what there is so far in lists.

    `siblings` are all shown messages with its parent, itself among them, oldest first; None in the log of events, where
    it could not stay true. `depth` counts from the branch's first message, which has 0.
    """

    id: str
    chat_id: str
    parent_id: str | None
    siblings: NotRequired[list[str] | None]
    depth: NotRequired[int]
    role: Literal["user", "character"]
    author: str
    text: str
    created_at: str
    turn_id: str | None
    state: TurnState
    error: Failure | None


class Attempt(TypedDict):
    """One worker's try at a turn. `worker` is a name in the list of processes."""

    n: int
    worker: str
    backend: str
    started_at: str
    ended_at: str | None
    outcome: str | None


class Turn(TypedDict):
    """A turn; `offset` is the length of `text` in code points."""

    id: str
    chat_id: str
    message_id: str
    parent_id: str
    kind: TurnKind
    state: TurnState
    text: str
    offset: int
    waiting_for: str | None
    created_at: str
    ended_at: str | None
    attempts: list[Attempt]
    error: Failure | None


class Character(TypedDict):
    """A character: the members that conversations need."""

    id: str
    name: str
    tagline: str
    first_mes: str
    avatar_url: str | None
    favourite: NotRequired[bool]
    last_chat_at: NotRequired[str | None]
    last_chat_id: NotRequired[str | None]


class Persona(TypedDict):
    """Who a person is in a chat."""

    id: str
    name: str
    description: str


class Chat(TypedDict):
    """A chat; the list of chats leaves the characters out. `messages` counts those of the branch that is shown."""

    id: str
    title: str
    character_ids: list[str]
    persona_id: str | None
    head_id: str | None
    created_at: str
    updated_at: str
    preview: str
    messages: NotRequired[int]
    characters: NotRequired[list[Character]]


class Process(TypedDict):
    """One process of the server. `pid` is None while it is about to be started again."""

    name: str
    role: Literal["web", "worker", "model", "health", "supervisor"]
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


class Overview(TypedDict):
    """Everything at a glance, for whoever runs the server; its parts are described in the server's OpenAPI document."""

    version: str
    at: str
    told_at: str | None
    indicator: str
    components: list[dict[str, Any]]
    processes: list[Process]
    drain: dict[str, str] | None
    pause: dict[str, str] | None
    queue: dict[str, Any]
    turns: list[dict[str, Any]]
    backends: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    maintenance: list[dict[str, Any]]
    drill: dict[str, Any] | None
    exceptions: int
    exception_groups: int
    reports: int


class Status(TypedDict):
    """The server's version, and how its model stands."""

    version: str
    backend: dict[str, Any]


class Settings(TypedDict):
    """All settings: as they are, as they would be if nothing were set in the server, and which were set there."""

    values: dict[str, Any]
    defaults: dict[str, Any]
    changed: list[str]


class Report(TypedDict):
    """A reply that somebody reported, as the operator sees it. `text` is None where its writer did not agree."""

    id: str
    chat_id: str
    message_id: str
    turn_id: str | None
    error: Failure | None
    attempts: list[Attempt]
    comment: str
    text: str | None
    created_at: str
