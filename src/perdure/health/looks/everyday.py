"""What people do besides talking: looking for a chat, bringing in a card."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import orjson

from perdure.cards.read import read_card
from perdure.core.errors import PerdureError, StoreFull, StoreUnavailable
from perdure.core.health import Cause, Finding, Level
from perdure.health.look import Findings
from perdure.ports.store import Store

SEARCH, IMPORT = "search", "import"

SLOW_S = 1.0
"""A search that takes longer than this is felt."""

_CARD = orjson.dumps(
    {"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "A card that is only looked at"}}
)


class SearchLook:
    """Searches the chats for what is in none: all of them are looked through."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self) -> Findings:
        """How searching is."""
        begun_at = time.monotonic()
        try:
            await self._store.read(lambda records: records.chats.listed(None, 1, "\x1f nowhere \x1f"))
        except (StoreUnavailable, StoreFull) as error:
            return {SEARCH: Finding(Level.MAJOR, Cause.FAILING, error.detail, because="store")}
        took_s = time.monotonic() - begun_at
        if took_s > SLOW_S:
            return {SEARCH: Finding(Level.DEGRADED, Cause.FAILING, f"It takes {took_s:.1f} s.")}
        return {SEARCH: Finding()}


class ImportLook:
    """Reads a small card, as one that was just uploaded: by way of `folder`, where uploads wait."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def find(self) -> Findings:
        """How importing is."""
        return {IMPORT: await asyncio.to_thread(self._read)}

    def _read(self) -> Finding:
        try:
            with tempfile.TemporaryFile(dir=self._folder) as upload:
                upload.write(_CARD)
                upload.seek(0)
                read_card(upload.read())
        except OSError as error:
            return Finding(Level.MAJOR, Cause.FAILING, f"Uploads cannot be kept: {error.strerror}.", because="store")
        except PerdureError as error:
            return Finding(Level.MAJOR, Cause.FAILING, f"A card could not be read: {error.detail}")
        return Finding()
