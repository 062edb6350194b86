"""The tables, as SQLAlchemy Core knows them. Migrations make them; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
    or_,
    text,
)

metadata = MetaData()

characters = Table(
    "characters",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("card", Text, nullable=False),
    Column("digest", String(64), index=True),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("hidden_at", Float),
    Column("favourite", Boolean, nullable=False, server_default=text("0")),
    Column("picture", String(16)),
)

# Pictures lie apart: who lists a thousand characters would otherwise read through a thousand pictures.
character_avatars = Table(
    "character_avatars",
    metadata,
    Column("character_id", String(36), ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True),
    Column("image", LargeBinary, nullable=False),
)

personas = Table(
    "personas",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("hidden_at", Float),
    Column("picture", String(16)),
)

persona_avatars = Table(
    "persona_avatars",
    metadata,
    Column("persona_id", String(36), ForeignKey("personas.id", ondelete="CASCADE"), primary_key=True),
    Column("image", LargeBinary, nullable=False),
)

chats = Table(
    "chats",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("title", Text, nullable=False),
    Column("persona_id", String(36), ForeignKey("personas.id")),
    Column("head_id", String(36)),
    Column("origin", String(16), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("hidden_at", Float),
    # What it was begun with: by these a repeated request is known, whatever was changed since.
    Column("greeting", Integer, nullable=False, server_default=text("0")),
    Column("begun_as", String(36)),
    Index("chats_by_use", "origin", "updated_at"),
)

# Beside the chats, whose rows every message writes.
drafts = Table(
    "drafts",
    metadata,
    Column("chat_id", String(36), ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False),
)

chat_characters = Table(
    "chat_characters",
    metadata,
    Column("chat_id", String(36), ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("character_id", String(36), ForeignKey("characters.id"), nullable=False),
    Index("chats_of_character", "character_id", "chat_id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("chat_id", String(36), ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", String(36)),
    Column("role", String(16), nullable=False),
    Column("author", String(36)),
    Column("author_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("turn_id", String(36)),
    Column("error", Text),
    Column("created_at", Float, nullable=False),
    # Its place in the tree: see `core.ancestry`.
    Column("depth", Integer, nullable=False, server_default=text("0")),
    Column("jump_id", String(36)),
    # Only on a message that was deleted itself: what stands below it is hidden with it, and comes back with it.
    Column("hidden_at", Float),
    # The head that the deletion moved away.
    Column("head_before", String(36)),
    # In SQLite an index ends with the row's number: siblings stand in it in the order in which they came.
    Index("messages_of_parent", "chat_id", "parent_id"),
)

ROW = literal_column("messages.rowid", Integer)
"""Grows in the order of the commits, whatever the clock says. Another database gets a column for it."""

Index("messages_hidden", messages.c.chat_id, sqlite_where=messages.c.hidden_at.is_not(None))

turns = Table(
    "turns",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("chat_id", String(36), ForeignKey("chats.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("message_id", String(36), nullable=False),
    Column("parent_id", String(36), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_owner", String(64)),
    Column("lease_until", Float),
    Column("reply_offset", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("not_before", Float, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("progressed_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("error", Text),
    # The reply so far. In the row that its fence is in, so that one statement checks the one and writes the other; and
    # empty once the turn has ended and the message holds it.
    Column("text", Text, nullable=False, server_default=text("''")),
)

# Written out, and with OR: only then does SQLite's planner see that the index of open turns will do for these.
QUEUED = turns.c.state == literal_column("'queued'")
RUNNING = turns.c.state == literal_column("'running'")
OPEN = or_(QUEUED, RUNNING)

Index("turns_open", turns.c.state, turns.c.created_at, sqlite_where=OPEN)

turn_settings = Table(
    "turn_settings",
    metadata,
    Column("turn_id", String(36), ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("reasoning", Text, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("turn_id", String(36), ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("backend", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("outcome", String(32)),
    Column("error", Text),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("chat_id", String(36), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("turn_id", String(36)),
    Column("message_id", String(36)),
    Column("reply_offset", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Float, nullable=False),
    # No index by chat or turn: every commit of a worker would touch a page of it for each of its streams.
    sqlite_autoincrement=True,
)

settings = Table(
    "settings",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    Column("changed_at", Float, nullable=False),
)

backends = Table(
    "backends",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("model", Text, nullable=False),
    # A secret: it leaves this table for a backend's requests and for nothing else.
    Column("api_key", Text),
    Column("created_at", Float, nullable=False),
)

# One row for each group: the same exception again is counted, and its last traceback kept.
unforeseen = Table(
    "unforeseen",
    metadata,
    Column("fingerprint", String(16), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    Column("error_id", String(36), nullable=False),
    Column("first_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("times", Integer, nullable=False),
)

# Whole in itself: what it tells of may be erased meanwhile, and then its text is too.
reports = Table(
    "reports",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("chat_id", String(36), nullable=False),
    Column("message_id", String(36), nullable=False),
    Column("turn_id", String(36)),
    Column("error", Text),
    Column("attempts", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("text", Text),
    Column("created_at", Float, nullable=False),
)
