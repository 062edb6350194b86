"""A store that is at work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from perdure.ports.store import Records, Store


@asynccontextmanager
async def writing(store: Store, *, durable: bool = True) -> AsyncIterator[None]:
    """The store is in the middle of a write: whatever is asked for meanwhile is then taken together, and without it."""
    begun, end = threading.Event(), threading.Event()

    def wait(_: Records) -> None:
        begun.set()
        assert end.wait(10)

    first = asyncio.ensure_future(store.write(wait, durable=durable))
    await asyncio.to_thread(begun.wait, 10)
    try:
        yield
        await asyncio.sleep(0)
    finally:
        end.set()
        await first
