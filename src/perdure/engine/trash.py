"""What was deleted and is still there: seeing it, bringing it back, and the one act that erases (promise 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perdure.core.errors import NotFound
from perdure.core.records import Chat, Hidden, HiddenMessage, Persona, StoredCharacter
from perdure.engine.branches import is_busy
from perdure.engine.intake import chat_of, persona_of
from perdure.engine.tree import is_shown
from perdure.ports.store import Records, Store

AT_ONCE = 20
"""Deleted messages, with all below them, that one transaction erases: others have to come in between."""

ROWS_AT_ONCE = 2000
"""Rows of deleted chats that one transaction erases, for the same reason."""

LISTED = 100
"""Deleted messages that are looked at, the latest; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Trash:
    """Hidden chats, characters and personas; and of chats that are shown how many messages are hidden, and those that
    can be brought back.
    """

    chats: Sequence[Hidden]
    characters: Sequence[Hidden]
    personas: Sequence[Hidden]
    messages: int
    deleted_messages: Sequence[HiddenMessage]


@dataclass(frozen=True, slots=True)
class Purged:
    """How many of each were erased."""

    chats: int = 0
    characters: int = 0
    personas: int = 0
    messages: int = 0


def look(records: Records) -> Trash:
    """What is in it."""
    return Trash(
        records.chats.hidden(),
        records.characters.hidden(),
        records.personas.hidden(),
        records.messages.count_hidden(),
        [one for one in records.messages.hidden_lately(LISTED) if _comes_back(records, one)],
    )


def _comes_back(records: Records, hidden: HiddenMessage) -> bool:
    """Whether nothing above it was deleted too: then that comes first."""
    parent = None if hidden.parent_id is None else records.messages.get(hidden.parent_id)
    return parent is None or is_shown(records, chat_of(records, hidden.chat_id), parent)


def restore_chat(records: Records, chat_id: str) -> Chat:
    """Bring a chat back; one that is shown stays as it is. Raises NotFound."""
    if records.chats.is_hidden(chat_id):
        records.chats.show(chat_id)
    return chat_of(records, chat_id)


def restore_character(records: Records, character_id: str) -> StoredCharacter:
    """Bring a character back into the gallery; one that is there stays as it is. Raises NotFound."""
    if records.characters.get(character_id) is None:
        raise NotFound("There is no character with this id.")
    records.characters.show(character_id)
    restored = records.characters.shown(character_id)
    assert restored is not None
    return restored


def restore_persona(records: Records, persona_id: str) -> Persona:
    """Offer a persona again; one that is offered stays as it is. Raises NotFound."""
    records.personas.show(persona_id)
    return persona_of(records, persona_id)


async def purge(store: Store) -> Purged:
    """Erase what is hidden and nothing else needs, in steps, and return how much that was.

    A hidden chat stays while a reply in it is being written, and a hidden character or persona while a chat has it.
    """
    chats, messages = await store.write(lambda records: records.chats.condemn()), 0
    # Should this process die here, a worker erases what is left.
    while (removed := await store.write(lambda records: records.chats.erase(ROWS_AT_ONCE))) is not None:
        messages += removed
    while (removed := await store.write(purge_messages)) is not None:
        messages += removed
    characters, personas = await store.write(lambda records: (records.characters.purge(), records.personas.purge()))
    await store.write(lambda records: records.reports.forget_erased())
    return Purged(chats, characters, personas, messages)


def purge_messages(records: Records) -> int | None:
    """How many messages a step erased; None where there was nothing left to erase."""
    marked = records.messages.hidden_anywhere(AT_ONCE)
    removed = 0
    for chat_id, message_id in marked:
        message = records.messages.get(message_id)
        # Another deletion may have had it below it.
        if message is not None:
            assert not is_busy(records, message), "nothing is written below what was deleted"
            removed += records.messages.purge(chat_id, message_id)
    return removed if marked else None
