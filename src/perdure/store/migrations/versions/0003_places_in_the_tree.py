"""Messages know their place in the tree and can be hidden; chats have drafts and know what they were begun with."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new, and work out the place of every message that is there."""
    op.add_column("messages", sa.Column("depth", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("messages", sa.Column("jump_id", sa.String(length=36), nullable=True))
    op.add_column("messages", sa.Column("hidden_at", sa.Float(), nullable=True))
    op.add_column("messages", sa.Column("head_before", sa.String(length=36), nullable=True))
    op.drop_index("ix_messages_chat_id", table_name="messages")
    op.create_index("messages_of_parent", "messages", ["chat_id", "parent_id"], unique=False)
    op.create_index(
        "messages_hidden", "messages", ["chat_id"], unique=False, sqlite_where=sa.text("hidden_at IS NOT NULL")
    )
    op.add_column("chats", sa.Column("greeting", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("chats", sa.Column("begun_as", sa.String(length=36), nullable=True))
    op.execute("UPDATE chats SET begun_as = persona_id")
    op.create_table(
        "drafts",
        sa.Column("chat_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id"),
    )
    conn = op.get_bind()
    for (chat_id,) in conn.exec_driver_sql("SELECT id FROM chats").fetchall():
        nodes = conn.exec_driver_sql("SELECT rowid, id, parent_id FROM messages WHERE chat_id = ?", (chat_id,)).fetchall()
        places = [(depth, jump_id, row) for row, depth, jump_id in _places(nodes) if depth]
        if places:
            conn.exec_driver_sql("UPDATE messages SET depth = ?, jump_id = ? WHERE rowid = ?", places)


def _places(nodes: Sequence[tuple[int, str, str | None]]) -> Iterator[tuple[int, int, str | None]]:
    """(row, depth, id of the jump) of each node of a forest; see `core.ancestry`, whose later versions it must not use."""
    known = {node_id for _, node_id, _ in nodes}
    children: dict[str | None, list[tuple[int, str]]] = defaultdict(list)
    for row, node_id, parent_id in nodes:
        children[parent_id if parent_id in known else None].append((row, node_id))
    # Of each node: its depth, and the node that it jumps to. A root jumps to itself.
    depths: dict[str, int] = {}
    jumps: dict[str, str] = {}
    waiting: list[tuple[int, str, str | None]] = [(row, node_id, None) for row, node_id in children[None]]
    while waiting:
        row, node_id, parent = waiting.pop()
        if parent is None:
            depths[node_id], jumps[node_id] = 0, node_id
            yield row, 0, None
        else:
            near, far = jumps[parent], jumps[jumps[parent]]
            depths[node_id] = depths[parent] + 1
            even = depths[parent] - depths[near] == depths[near] - depths[far]
            jumps[node_id] = far if even else parent
            yield row, depths[node_id], jumps[node_id]
        waiting += [(row, child_id, node_id) for row, child_id in children[node_id]]
