"""The store port: backends that were added, with their keys, and what an export goes through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perdure.core.records import AddedBackend, Counts, Persona
from perdure.ports.store import Records, Store

from .samples import T, add_chat, character, message, uid

pytestmark = pytest.mark.anyio

HOME = AddedBackend(uid("home"), "Home", "http://127.0.0.1:11434", "llama3", T)
HOSTED = AddedBackend(uid("hosted"), "Hosted", "https://box/v1", "large", T + 1, "sk-secret")


async def test_a_backend_is_put_and_put_again(store: Store) -> None:
    """Promise 7: the same id is the same backend; it keeps its place in the list."""
    for backend in (HOSTED, HOME):
        assert await store.write(lambda r, backend=backend: r.backends.put(backend)) is True
    changed = replace(HOME, model="mistral", api_key="sk-new", created_at=T + 9)
    assert await store.write(lambda r: r.backends.put(changed)) is False
    kept = replace(changed, created_at=T)
    assert await store.read(lambda r: r.backends.all()) == [kept, HOSTED]
    assert await store.read(lambda r: r.backends.get(HOME.id)) == kept
    assert await store.read(lambda r: r.backends.get(uid("none"))) is None


async def test_a_removed_backend_takes_its_key_along(store: Store) -> None:
    """Nothing of it is left, and what was not there may be removed too."""
    await store.write(lambda r: r.backends.put(HOSTED))
    for _ in range(2):
        await store.write(lambda r: r.backends.remove(HOSTED.id))
        assert await store.read(lambda r: r.backends.all()) == []


def test_a_key_is_shown_by_no_traceback() -> None:
    """Whoever prints a backend prints no secret."""
    assert "sk-secret" not in repr(HOSTED)


async def test_what_is_shown_is_counted_and_gone_through(store: Store) -> None:
    """Hidden chats and those of OpenAI's clients are not; messages come in the order in which they came."""

    def fill(records: Records) -> None:
        for n, (name, origin) in enumerate((("late", "chat"), ("early", "chat"), ("gone", "chat"), ("api", "openai"))):
            add_chat(records, name, at=T - n, origin=origin)
            records.messages.add(
                [message(f"{name} 1", chat=name, at=T + 1), message(f"{name} 2", f"{name} 1", chat=name)]
            )
        records.chats.hide(uid("gone"), T)
        records.characters.add(character("Bo"), None)
        records.characters.hide(uid("Bo"), T)
        for name in ("Kim", "Lee"):
            records.personas.put(Persona(uid(name), name, "", T))
        records.personas.hide(uid("Lee"), T)

    await store.write(fill)
    assert await store.read(lambda r: r.archive.counts()) == Counts(characters=1, chats=2, messages=4, personas=1)
    assert await store.read(lambda r: r.archive.chat_ids()) == [uid("early"), uid("late")]
    assert await store.read(lambda r: r.archive.message_ids(uid("late"))) == [uid("late 1"), uid("late 2")]
