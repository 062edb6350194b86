"""Records to put into a store. Ids are told by name, instants count from `T`."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

from perdure.core.characters import Character
from perdure.core.lease import Lease
from perdure.core.records import Append, Chat, Message, Role, StoredCharacter
from perdure.core.turn import Kind, State, Turn
from perdure.ports.store import Records

T = 1_700_000_000.0


def uid(name: str) -> str:
    """An id by name."""
    return str(uuid5(UUID(int=0), name))


def character(name: str = "Ada", *, at: float = T, digest: str | None = None) -> StoredCharacter:
    """A character that is little more than its name."""
    who = Character(name, description=f"{name} is here.", tags=("one", "two"))
    return StoredCharacter(uid(name), who, None, digest, at, at)


def add_chat(
    records: Records, name: str = "chat", *, at: float = T, origin: str = "chat", persona: str | None = None
) -> Chat:
    """A chat with Ada, who is added when she is not there yet; `persona` is the name of one that is there."""
    if records.characters.get(uid("Ada")) is None:
        records.characters.add(character(), None)
    chat = Chat(uid(name), name, (uid("Ada"),), persona and uid(persona), None, at, at, origin)
    records.chats.add(chat)
    return chat


def message(
    name: str, parent: str | None = None, *, chat: str = "chat", text: str = "Hello.", at: float = T
) -> Message:
    """A user's message."""
    return Message(uid(name), uid(chat), uid(parent) if parent else None, Role.USER, None, "You", text, at, State.DONE)


def turn(name: str = "turn", *, chat: str = "chat", at: float = T) -> Turn:
    """A queued turn."""
    return Turn(uid(name), uid(chat), uid(f"{name} reply"), uid("asked"), Kind.REPLY, at, at)


def add_turn(records: Records, made: Turn) -> Turn:
    """Add a turn and the place of its reply."""
    records.turns.add(made, {"seed": 7})
    reply = Message(
        made.message_id,
        made.chat_id,
        made.parent_id,
        Role.CHARACTER,
        uid("Ada"),
        "Ada",
        "",
        made.created_at,
        State.QUEUED,
        made.id,
    )
    records.messages.add([reply])
    return made


def add_running(
    records: Records,
    name: str = "turn",
    *,
    chat: str = "chat",
    owner: str = "worker-1:a",
    until: float = T + 2,
    at: float = T,
) -> Turn:
    """A turn that `owner` has claimed."""
    made = add_turn(records, turn(name, chat=chat, at=at))
    claimed = replace(made, state=State.RUNNING, fence=1, attempt=1, lease=Lease(owner, until))
    records.turns.save(claimed, 0)
    return claimed


def says(on: Turn, text: str, *, at: int | None = None, fence: int | None = None, thoughts: str = "") -> Append:
    """Text for a turn, one token for each code point."""
    return Append(
        on.id,
        on.chat_id,
        on.message_id,
        on.fence if fence is None else fence,
        on.progress.offset if at is None else at,
        text,
        len(text),
        thoughts,
    )
