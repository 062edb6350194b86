"""The tables that the migrations make are the tables that the code knows."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from perdure.core.ancestry import Node, place_below
from perdure.core.records import picture_digest
from perdure.store import head, migrate
from perdure.store.schema import metadata


def indexes(path: Path) -> dict[str, str]:
    """Every index as it was made, with its columns and its condition."""
    conn = sqlite3.connect(path)
    try:
        rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in rows}
    finally:
        conn.close()


def test_the_migrations_make_the_schema(tmp_path: Path) -> None:
    """Alembic finds no difference, and the indexes have the same columns and conditions."""
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    migrate.upgrade(migrated)
    engine = create_engine(f"sqlite+pysqlite:///{migrated}")
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    engine = create_engine(f"sqlite+pysqlite:///{made}")
    metadata.create_all(engine)
    engine.dispose()
    assert indexes(migrated) == indexes(made)


def test_numbers_of_events_are_never_reused(tmp_path: Path) -> None:
    """AUTOINCREMENT does not show in Alembic's comparison."""
    path = tmp_path / "perdure.db"
    migrate.upgrade(path)
    conn = sqlite3.connect(path)
    (sql,) = conn.execute("SELECT sql FROM sqlite_master WHERE name = 'events'").fetchone()
    conn.close()
    assert "AUTOINCREMENT" in sql


def test_the_newest_migration_is_the_one_that_is_asked_for() -> None:
    """`head.HEAD` is written by hand, so that starting needs no Alembic."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [head.HEAD]


@pytest.mark.parametrize("content", [None, b"", b"something else entirely" * 50])
def test_a_file_without_the_schema_is_not_current(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty, or no database."""
    path = tmp_path / "perdure.db"
    if content is not None:
        path.write_bytes(content)
    assert not head.is_current(path)


def test_migrating_twice_is_migrating_once(tmp_path: Path) -> None:
    """Under any path, and from the command line too."""
    folder = tmp_path / "100% of my data"
    folder.mkdir()
    path = folder / "perdure.db"
    migrate.upgrade(path)
    assert head.is_current(path)
    before = path.read_bytes()
    subprocess.run([sys.executable, "-m", "perdure.store.migrate", str(path)], check=True, timeout=60)
    assert head.is_current(path)
    assert path.read_bytes() == before


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Nor do those before it that went well: whatever the reason, the version of before can go on with the file."""
    path = tmp_path / "perdure.db"
    engine = older(path, "0002")
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE characters")  # the third migration does not miss it, the fourth does
    engine.dispose()
    before = schema(path)
    with pytest.raises(OperationalError, match="characters"):
        migrate.upgrade(path)
    assert schema(path) == before


def test_two_that_migrate_at_once_migrate_once(tmp_path: Path) -> None:
    """A web process and workers that are started alone do it side by side."""
    path = tmp_path / "perdure.db"
    command = [sys.executable, "-m", "perdure.store.migrate", str(path)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    complaints = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], complaints
    assert head.is_current(path)


def schema(path: Path) -> list[tuple[object, ...]]:
    """Everything that a file is made of, and which migration it stands at."""
    conn = sqlite3.connect(path)
    try:
        made = conn.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        return [*made, *conn.execute("SELECT version_num FROM alembic_version").fetchall()]
    finally:
        conn.close()


def test_half_a_reply_survives_the_migration_to_text_with_the_turn(tmp_path: Path) -> None:
    """Promise 2, over an update: what an older Perdure had said in the log is with the turn afterwards."""
    path = tmp_path / "perdure.db"
    engine = older(path, "0001")
    with engine.begin() as conn:
        conn.exec_driver_sql("INSERT INTO chats VALUES ('c', '', NULL, NULL, 'chat', 0, 0, NULL)")
        for turn, state in (("open", "running"), ("mute", "queued"), ("ended", "done")):
            conn.exec_driver_sql(
                "INSERT INTO turns VALUES (?, 'c', 'm', 'p', 'reply', ?, 1, NULL, NULL, 4, 2, 1, 0, 0, 0, 0, 0, NULL, "
                "NULL)",
                (turn, state),
            )
        for turn, text in (("open", "Hal"), ("ended", "Whole"), ("open", "f a ")):
            conn.exec_driver_sql(
                "INSERT INTO events (chat_id, kind, turn_id, message_id, reply_offset, body, at) "
                "VALUES ('c', 'delta', ?, 'm', 0, ?, 0)",
                (turn, text),
            )
    assert not head.is_current(path)
    migrate.upgrade(path)
    with engine.connect() as conn:
        said = conn.exec_driver_sql("SELECT id, text FROM turns ORDER BY id").all()
    engine.dispose()
    assert said == [("ended", ""), ("mute", ""), ("open", "Half a ")]


def test_every_message_finds_its_place_in_the_migration_to_places(tmp_path: Path) -> None:
    """Promise 6, over an update: the trees of an older Perdure stay as they are, and every way up in them is right.

    Branches, several roots, children that were written down before their parents, and a parent that is not there.
    """
    path = tmp_path / "perdure.db"
    parents = {f"{n:05}": None if n in (0, 7) else f"{(n * 7 + 3) % n if n % 5 == 0 else n - 1:05}" for n in range(600)}
    parents["lost"] = "nobody"
    engine = older(path, "0002")
    with engine.begin() as conn:
        for chat in ("c", "d"):
            conn.exec_driver_sql(f"INSERT INTO chats VALUES ('{chat}', '', NULL, '{chat}00599', 'chat', 0, 0, NULL)")
            for message, parent in reversed(parents.items()):
                conn.exec_driver_sql(
                    "INSERT INTO messages VALUES (?, ?, ?, 'user', NULL, 'You', ?, 'done', NULL, NULL, 0)",
                    (chat + message, chat, None if parent is None else chat + parent, f"text {message}"),
                )
    engine.dispose()
    migrate.upgrade(path)
    file = sqlite3.connect(path)
    try:
        nodes = {
            row[0]: Node(*row) for row in file.execute("SELECT id, parent_id, depth, jump_id FROM messages").fetchall()
        }
        texts = file.execute("SELECT id, text FROM messages").fetchall()
        assert file.execute("SELECT count(*) FROM messages WHERE hidden_at IS NULL").fetchone() == (len(nodes),)
    finally:
        file.close()
    assert len(nodes) == 2 * len(parents)
    assert all(text == f"text {message[1:]}" for message, text in texts)
    for node in nodes.values():
        above = nodes.get(node.parent_id or "")
        assert node.parent_id == (None if parents[node.id[1:]] is None else f"{node.id[0]}{parents[node.id[1:]]}")
        assert (node.depth, node.jump_id) == place_below(above, nodes.__getitem__)


def test_a_long_chat_is_migrated_in_seconds(tmp_path: Path) -> None:
    """100,000 messages: an update is no night's work."""
    path = tmp_path / "perdure.db"
    engine = older(path, "0002")
    with engine.begin() as conn:
        conn.exec_driver_sql("INSERT INTO chats VALUES ('c', '', NULL, '99999', 'chat', 0, 0, NULL)")
        conn.exec_driver_sql(
            "INSERT INTO messages VALUES (?, 'c', ?, 'user', NULL, 'You', 'text', 'done', NULL, NULL, 0)",
            [(f"{n:05}", f"{n - 1:05}" if n else None) for n in range(100_000)],
        )
    engine.dispose()
    began = time.monotonic()
    migrate.upgrade(path)
    assert time.monotonic() - began < 30
    file = sqlite3.connect(path)
    assert file.execute("SELECT depth FROM messages WHERE id = '99999'").fetchone() == (99_999,)
    file.close()


def older(path: Path, revision: str) -> Engine:
    """A database as an older Perdure left it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite+pysqlite:///{path}")
    with engine.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
    return engine


def test_pictures_survive_the_migration_to_a_table_of_their_own(tmp_path: Path) -> None:
    """Every byte of them, and the character tells which one it has."""
    path = tmp_path / "perdure.db"
    picture = b"\x89PNG\0" * 20_000
    engine = older(path, "0003")
    with engine.begin() as conn:
        for who, image in (("ada", picture), ("bo", None)):
            conn.exec_driver_sql("INSERT INTO characters VALUES (?, ?, '{}', ?, NULL, 0, 0, NULL)", (who, who, image))
    migrate.upgrade(path)
    with engine.connect() as conn:
        kept = conn.exec_driver_sql(
            "SELECT id, picture, image, favourite FROM characters LEFT JOIN character_avatars ON character_id = id"
        ).all()
    engine.dispose()
    assert sorted(kept) == [("ada", picture_digest(picture), picture, 0), ("bo", None, None, 0)]
