"""Which schema a database file has. Asks SQLite directly, since importing Alembic takes a quarter of a second."""

from __future__ import annotations

import sqlite3
from pathlib import Path

HEAD = "0005"
"""The newest migration; a test holds it against the migrations folder."""


def is_current(path: Path) -> bool:
    """Whether the file already has this version's schema."""
    if not path.exists():
        return False
    conn = sqlite3.connect(path)
    try:
        return conn.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    except sqlite3.DatabaseError:
        return False
    finally:
        conn.close()
