"""A process that writes to a record: `writer.py FILE NAME COUNT [hold]`.

Says `NAME N` when its transaction N is acknowledged. Each transaction adds two messages. With `hold` it stops in the
middle of the first one, says `holding`, and waits to be killed.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from perdure.core.records import Message, Role
from perdure.ports.store import Records
from perdure.store.sqlite import SqliteStore


def pair(name: str, n: int, hold: bool, records: Records) -> None:
    """Two messages that belong together."""
    for half in ("a", "b"):
        text = f"{n}{half}" + "x" * 2000
        records.messages.add([Message(f"{name}-{n}-{half}", "chat", None, Role.USER, None, "You", text, float(n))])
        if hold:
            print("holding", flush=True)
            threading.Event().wait()


async def main(path: Path, name: str, count: int, hold: bool) -> None:
    """Write and tell."""
    store = SqliteStore(path)
    for n in range(count):
        await store.write(lambda records, n=n: pair(name, n, hold, records))
        print(name, n, flush=True)
    await store.close()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), "hold" in sys.argv[4:]))
