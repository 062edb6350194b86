"""Bring a database file to the schema of this version: `python -m perdure.store.migrate FILE`.

A process of its own, so that nobody else has to load Alembic, and once, before anybody works with the file. All that
a file lacks is one transaction: whatever ends it in between, the file is the one of before.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

PATIENCE_S = 60.0
"""How long somebody else who brings the same file up to date is waited for, in seconds."""


def upgrade(path: Path) -> None:
    """Run the migrations that `path` lacks; makes the file if there is none."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    engine = create_engine(f"sqlite+pysqlite:///{path}", connect_args={"timeout": PATIENCE_S})
    # The driver would begin a transaction before the first INSERT only, and let CREATE and ALTER stand alone.
    event.listen(engine, "connect", _leave_transactions_alone)
    event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as conn:
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _leave_transactions_alone(raw: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    raw.isolation_level = None


def _begin(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE")


if __name__ == "__main__":
    upgrade(Path(sys.argv[1]))
