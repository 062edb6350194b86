"""Bring a database file to the schema of this version: `python -m perdure.store.migrate FILE`.

A process of its own, so that nobody else has to load Alembic, and once, before anybody works with the file.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine


def upgrade(path: Path) -> None:
    """Run the migrations that `path` lacks; makes the file if there is none."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    engine = create_engine(f"sqlite+pysqlite:///{path}")
    try:
        with engine.begin() as conn:
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
    finally:
        engine.dispose()


if __name__ == "__main__":
    upgrade(Path(sys.argv[1]))
