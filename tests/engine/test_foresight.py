"""What is foreseen is what the first prompt begins with, and nothing depends on it."""

from __future__ import annotations

import asyncio

import pytest

from perdure.core.characters import Character
from perdure.core.prompt import PromptMessage
from perdure.core.records import StoredCharacter
from perdure.engine import scene
from perdure.engine.foresight import Foresight
from perdure.ports.bell import Hint
from perdure.store.sqlite import SqliteStore

from .doubles import SETTINGS, START_AT, LocalBell, add_chat, ask, uid, until

pytestmark = pytest.mark.anyio

EXAMPLES = "<START>\n{{user}}: Is it lonely?\n{{char}}: The light is company."


@pytest.mark.parametrize("greeting", ["", "Come in out of the rain, {{user}}."])
async def test_an_opened_chat_is_looked_at(store: SqliteStore, hall: list[LocalBell], greeting: str) -> None:
    """Exactly what the first reply's prompt begins with; and once somebody has spoken there is nothing to foresee."""
    read: list[tuple[PromptMessage, ...]] = []

    async def note(head: tuple[PromptMessage, ...]) -> None:
        read.append(head)

    bell = LocalBell(hall)
    task = asyncio.create_task(Foresight(store, bell, note, SETTINGS).run())
    await asyncio.sleep(0)
    who = Character("Ada", description="{{char}} keeps a lighthouse.", first_mes=greeting, mes_example=EXAMPLES)
    ada = StoredCharacter(uid("character", "Ada"), who, None, None, START_AT, START_AT)
    await store.write(lambda records: records.characters.add(ada, avatar=None))
    await store.write(lambda records: add_chat(records, "chat", "Ada"))
    LocalBell(hall).ring(Hint.OPENED)
    await until(lambda: bool(read))
    turn = await store.write(lambda records: ask(records, "hello"))
    part = await store.read(lambda records: scene.load(records, turn))
    asked = scene.ask(part, turn)
    assert read == [asked.head]
    assert "".join(m.content for m in asked.messages).startswith("".join(m.content for m in asked.head))
    assert asked.messages[-1].content == "hello"
    LocalBell(hall).ring(Hint.OPENED)
    await asyncio.sleep(0.1)
    assert len(read) == 1
    task.cancel()
