"""No statement takes longer for what has been said long ago: SQLite's own plans, for every statement of the store.

An index that does not quite fit is passed by in silence, and a year later every claim reads every turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from sqlalchemy import Executable
from sqlalchemy.sql.functions import FunctionElement

from perdure.store import archive, backends, characters, chats, events, messages, personas, settings, turns
from perdure.store.database import Database
from perdure.store.file import connect
from tests.records import empty_record

SMALL = {
    *("characters", "personas", "settings", "backends", "sqlite_sequence"),
    *("json_each", "up", "back", "down", "tree", "page", "seat", "use", "CONSTANT"),
}
"""What may be read from end to end: few rows whatever the age of the record, or what the statement itself brings."""

BUILDING_BLOCKS = {"_TURNS", "_CHATS", "_EVENTS", "_SHOWN", "_MESSAGES", "_NODES", "_MEMBER", "_members"}
"""What statements are made from, and never run."""

EXPLICIT = {"_PURGE_UNUSED"}
"""Acts of the operator that look through everything, and say so."""

BOUNDED = {"_AFTER", "_OF_CHAT", "_OLDEST", "_LAST_AT", "_LAST_BEFORE"}
"""In the order of the log, from a place or from an end of it, and no further than a limit."""


def is_statement(value: object) -> bool:
    """Whether it is run as it is, and not a part of something else."""
    return isinstance(value, Executable) and not isinstance(value, FunctionElement)


def statements() -> Iterator[tuple[ModuleType, str, Executable]]:
    """Every statement that the aggregates run."""
    for module in (turns, messages, chats, characters, personas, settings, backends, archive, events):
        for name, value in vars(module).items():
            several = value if isinstance(value, tuple) else (value,)
            if name.startswith("_") and name not in BUILDING_BLOCKS | BOUNDED | EXPLICIT:
                yield from ((module, name, one) for one in several if is_statement(one))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty one with this version's schema."""
    raw = connect(empty_record(tmp_path_factory.mktemp("plans")))
    yield Database(raw)
    raw.close()


@pytest.mark.parametrize(
    "statement",
    [pytest.param(one, id=f"{module.__name__.rpartition('.')[2]}{name}") for module, name, one in statements()],
)
def test_no_statement_reads_a_table_from_end_to_end(database: Database, statement: Executable) -> None:
    """But for tables that stay small."""
    text, fixed = database._text(statement)
    given = dict.fromkeys(re.findall(r":(\w+)", text)) | dict(fixed)
    plan = [row[3] for row in database.raw.execute(f"EXPLAIN QUERY PLAN {text}", given)]
    # The planner names the steps of a window function as subqueries; what they read has lines of its own.
    read = {step.split()[1] for step in plan if step.startswith("SCAN ") and "USING" not in step}
    scanned = {name for name in read if not name.startswith("(subquery-")}
    assert scanned <= SMALL, plan
