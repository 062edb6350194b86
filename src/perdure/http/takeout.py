"""A person's data, to take along: pieces of files, read from the record bit by bit, so that nobody waits for it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

import anyio
import orjson

from perdure.cards.write import write_png
from perdure.core.records import Chat, Message, StoredCharacter
from perdure.core.views import chat_view, message_view, persona_view
from perdure.engine import settings
from perdure.http.answers import text_so_far
from perdure.http.service import Service
from perdure.ports.store import Records

AT_ONCE = 500
"""Messages that one transaction reads: others have to come in between."""

README = """\
This is what Perdure keeps for you, as it was when you saved it.

characters/     character cards (PNG with the card inside): any character-chat program reads them
chats/          one file for each chat, one JSON document a line: first the chat, then every message of its tree,
                swipes, edits and deleted ones ("hidden") too; "parent_id" says what a message follows
personas.json   who you are in chats
personas/       their pictures
settings.json   what was set in the pages, and the backends without their keys
"""


class _Sink(io.RawIOBase):
    """Takes what a ZIP archive writes, and gives it away in pieces: no archive is ever whole in memory."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def everything(perdure: Service) -> AsyncGenerator[bytes, None]:
    """A ZIP archive of all that is shown, in pieces."""
    sink = _Sink()
    made_at = datetime.fromtimestamp(perdure.clock.now()).timetuple()[:6]

    def entry(name: str, packed: bool = True) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, made_at)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        return info

    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(entry("README.txt"), README)
        for stored in await perdure.store.read(lambda r: r.characters.all()):
            card = await _card(perdure, stored)
            archive.writestr(entry(f"characters/{_named(stored.character.name, stored.id)}.png", packed=False), card)
            yield sink.take()
        personas = await perdure.store.read(lambda r: r.personas.all())
        archive.writestr(entry("personas.json"), _pretty([persona_view(persona) for persona in personas]))
        for persona in personas:
            picture = await perdure.store.read(lambda r, owner=persona.id: r.personas.avatar(owner))  # type: ignore[misc]
            if picture is not None:
                name = f"personas/{_named(persona.name, persona.id)}.webp"
                archive.writestr(entry(name, packed=False), picture)
        archive.writestr(entry("settings.json"), _pretty(await perdure.store.read(lambda r: _settings(r, perdure))))
        for chat_id in await perdure.store.read(lambda r: r.archive.chat_ids()):
            chat = await perdure.store.read(lambda r, chat_id=chat_id: r.chats.get(chat_id))  # type: ignore[misc]
            if chat is None:  # deleted a moment ago
                continue
            with archive.open(entry(f"chats/{_named(chat.title, chat.id)}.jsonl"), "w") as file:
                async with aclosing(whole_tree(perdure, chat)) as lines:
                    async for some in lines:
                        await anyio.to_thread.run_sync(file.write, some)
                        yield sink.take()
    yield sink.take()


async def whole_tree(perdure: Service, chat: Chat) -> AsyncGenerator[bytes, None]:
    """A chat as JSON lines: itself, then all of its messages, parents first."""

    def head(records: Records) -> tuple[dict[str, Any], Sequence[str]]:
        names = [records.characters.name(character_id) for character_id in chat.character_ids]
        return {"kind": "chat", **chat_view(chat), "characters": names}, records.archive.message_ids(chat.id)

    view, ids = await perdure.store.read(head)
    yield orjson.dumps(view) + b"\n"
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        yield await perdure.store.read(lambda r, some=some: _lines(r, some))  # type: ignore[misc]


async def shown_branch(perdure: Service, chat: Chat) -> AsyncGenerator[bytes, None]:
    """The branch of a chat that is shown, as plain text."""
    pieces: list[bytes] = []
    leaf = chat.head_id
    while leaf is not None:
        text, leaf = await perdure.store.read(lambda r, leaf=leaf: _spoken(r, leaf))  # type: ignore[misc]
        pieces.append(text)
    yield f"{chat.title}\n{'=' * len(chat.title)}\n".encode()
    for text in reversed(pieces):
        yield text


def file_name(chat: Chat, kind: str) -> str:
    """What a chat's file is called where nobody minds the letters."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", chat.title).strip("-").lower()[:60] or "chat"
    return f"{name}.{kind}"


async def _card(perdure: Service, stored: StoredCharacter) -> bytes:
    avatar = await perdure.store.read(lambda r: r.characters.avatar(stored.id))
    return await anyio.to_thread.run_sync(write_png, stored.character, avatar)


def _lines(records: Records, ids: Sequence[str]) -> bytes:
    found = (records.messages.get(message_id) for message_id in ids)
    return b"".join(orjson.dumps(_message(records, message)) + b"\n" for message in found if message is not None)


def _message(records: Records, message: Message) -> Mapping[str, Any]:
    view = message_view(message, text_so_far(records, message))
    for member in ("chat_id", "siblings"):
        del view[member]
    return {"kind": "message", **view, "hidden": message.hidden_at is not None}


def _spoken(records: Records, leaf_id: str) -> tuple[bytes, str | None]:
    """Some messages up from this one, and what is above them."""
    messages = records.messages.branch(leaf_id, AT_ONCE)
    text = "".join(f"\n{message.author_name}:\n{text_so_far(records, message)}\n" for message in messages)
    return text.encode(), messages[0].parent_id if messages else None


def _settings(records: Records, perdure: Service) -> dict[str, Any]:
    told = settings.told(records, perdure.settings.turn_settings())
    # Member by member: whatever a backend will have one day, its key is not among what is written here.
    added = [{"id": one.id, "name": one.name, "url": one.url, "model": one.model} for one in records.backends.all()]
    return {**told, "backends": added}


def _pretty(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def _named(name: str, identity: str) -> str:
    """A file's name in the archive: readable, of letters, digits and dashes alone, and no other's."""
    readable = re.sub(r"[\W_]+", "-", name).strip("-")[:60]
    return f"{readable}-{identity}" if readable else identity
