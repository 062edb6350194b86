"""Whoever watches reads the log with its instants, and what has become of what was in it."""

from __future__ import annotations

import pytest

from perdure.store.sqlite import SqliteStore
from tests.engine.doubles import ask

pytestmark = pytest.mark.anyio


async def test_lengths_are_of_what_is_there(store: SqliteStore) -> None:
    """A message by its text, a reply that is being written by how far it is; what is not there is not told of."""
    turn = await store.write(lambda records: ask(records))
    seeded = await store.write(lambda records: records.turns.seed_text(turn, "Hé wørld", 1.0))
    found = await store.read(lambda records: records.traffic.lengths([turn.message_id, turn.parent_id, "nowhere"]))
    said = await store.read(lambda records: records.messages.get(turn.parent_id))
    assert said is not None
    assert found == {turn.message_id: seeded.progress.offset, turn.parent_id: len(said.text)}
    assert seeded.progress.offset == 8


async def test_the_log_is_read_on_from_where_it_was(store: SqliteStore) -> None:
    """In order, with what was sent of each but text."""
    await store.write(lambda records: ask(records))
    whole = await store.read(lambda records: records.traffic.since(0, 100))
    assert [one.seq for one in whole] == sorted(one.seq for one in whole)
    assert {one.kind for one in whole} >= {"message", "turn"}
    assert all(one.view is not None for one in whole)
    assert await store.read(lambda records: records.traffic.since(whole[0].seq, 1)) == [whole[1]]
    assert await store.read(lambda records: records.traffic.since(whole[-1].seq, 100)) == []
