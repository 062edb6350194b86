"""Favourites, pictures apart from what they show, personas that can be hidden, settings and backends in the store."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the pictures; everything else is new."""
    op.create_table(
        "character_avatars",
        sa.Column("character_id", sa.String(length=36), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["character_id"], ["characters.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("character_id"),
    )
    op.add_column("characters", sa.Column("favourite", sa.Boolean(), nullable=False, server_default=sa.text("0")))
    op.add_column("characters", sa.Column("picture", sa.String(length=16), nullable=True))
    conn = op.get_bind()
    ids = [row[0] for row in conn.exec_driver_sql("SELECT id FROM characters WHERE avatar IS NOT NULL")]
    for character_id in ids:
        # One after the other: all pictures together may be larger than the memory.
        image = conn.exec_driver_sql("SELECT avatar FROM characters WHERE id = ?", (character_id,)).scalar_one()
        conn.exec_driver_sql("INSERT INTO character_avatars VALUES (?, ?)", (character_id, image))
        digest = hashlib.sha256(image).hexdigest()[:16]
        conn.exec_driver_sql("UPDATE characters SET picture = ? WHERE id = ?", (digest, character_id))
    op.drop_column("characters", "avatar")
    op.add_column("personas", sa.Column("hidden_at", sa.Float(), nullable=True))
    op.add_column("personas", sa.Column("picture", sa.String(length=16), nullable=True))
    op.create_table(
        "persona_avatars",
        sa.Column("persona_id", sa.String(length=36), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["persona_id"], ["personas.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("persona_id"),
    )
    op.create_index("chats_of_character", "chat_characters", ["character_id", "chat_id"], unique=False)
    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "backends",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
