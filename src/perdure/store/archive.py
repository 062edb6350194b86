"""Everything at once: how much there is, and what whoever takes their data along has to go through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from perdure.core.records import Counts
from perdure.store.database import Database
from perdure.store.schema import ROW, characters, chats, messages, personas

_SHOWN = (chats.c.origin == "chat", chats.c.hidden_at.is_(None))
_CHARACTERS = select(func.count()).select_from(characters).where(characters.c.hidden_at.is_(None))
_CHATS = select(func.count()).select_from(chats).where(*_SHOWN)
_MESSAGES = select(func.count()).select_from(chats).join(messages, messages.c.chat_id == chats.c.id).where(*_SHOWN)
_PERSONAS = select(func.count()).select_from(personas).where(personas.c.hidden_at.is_(None))
_CHAT_IDS = select(chats.c.id).where(*_SHOWN).order_by(chats.c.created_at, chats.c.id)
_MESSAGE_IDS = select(messages.c.id).where(messages.c.chat_id == bindparam("chat")).order_by(ROW)


@dataclass(frozen=True, slots=True)
class SqlArchive:
    """The whole record in one transaction."""

    db: Database

    def counts(self) -> Counts:
        """Of what is shown; of messages all that shown chats have."""
        return Counts(*(self.db.value(count) for count in (_CHARACTERS, _CHATS, _MESSAGES, _PERSONAS)))

    def chat_ids(self) -> Sequence[str]:
        """Of the chats that are shown, the oldest first."""
        return [row[0] for row in self.db.rows(_CHAT_IDS)]

    def message_ids(self, chat_id: str) -> Sequence[str]:
        """Of all messages of a chat, deleted ones too, in the order in which they came: parents first."""
        return [row[0] for row in self.db.rows(_MESSAGE_IDS, chat=chat_id)]
