"""A conversation in a pipe: each line is a message, each reply comes out as it is, remarks go to standard error."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from rich.console import Console
from rich.table import Table

from perdure.cli.chat.harmless import harmless, harmless_line
from perdure.cli.chat.reading import read
from perdure.cli.chat.scene import EARLIER
from perdure.cli.chat.talk import Talk
from perdure.cli.telling import told
from perdure.client.reply_view import ReplyView
from perdure.client.shapes import Character
from perdure.core.errors import ClientError, NotFound, PerdureError, TokenRequired


class Plain:
    """Text as it is, on standard output; harmless where that is a terminal."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._shown = False

    def begin(self, name: str, remark: str = "", behind: str = "") -> None:
        """Names are not part of what is said."""

    def words(self, text: str) -> None:
        """At once, since somebody may read along."""
        self._shown = True
        sys.stdout.write(harmless(text) if self._terminal else text)
        sys.stdout.flush()

    def end(self) -> None:
        """A line's end, if there was something on the line."""
        if self._shown:
            self.words("\n")
        self._shown = False

    def aside(self, remark: str) -> None:
        """Never between the words."""
        self.line(f"({remark})")

    def line(self, remark: str) -> None:
        """A remark."""
        print(harmless(remark), file=sys.stderr, flush=True)

    def wrong(self, remark: str) -> None:
        """What went wrong."""
        self.line(remark)


async def converse(talk: Talk, character_id: str | None, chat_id: str | None) -> bool:
    """Say every line. Returns whether a message or a reply failed. Raises PerdureError."""
    chat = await talk.resume(chat_id) if chat_id else await talk.begin([character_id or ""])
    paper = Plain()
    failed = False
    earlier = await talk.api.messages(talk.chat_id, limit=EARLIER)
    for message in earlier:
        if message["turn_id"] is not None and message["state"] in ("queued", "running"):
            failed |= not await _read(talk, paper, ReplyView(message["turn_id"], message["id"], message["author"]))
        else:
            paper.words(message["text"])
            paper.end()
    if not earlier:
        names = [character["name"] for character in chat["characters"]]
        paper.line(f"{' and '.join(names)} {'waits' if len(names) == 1 else 'wait'} for you to begin.")
    async for text in _lines():
        try:
            async for item in talk.say(text):
                if isinstance(item, ReplyView):
                    failed |= not await _read(talk, paper, item)
                else:
                    paper.aside(item.text)
        except PerdureError as error:
            if not isinstance(error, ClientError) or isinstance(error, (TokenRequired, NotFound)):
                raise
            failed = True
            paper.wrong(told(error))
    return failed


def show_characters(characters: Sequence[Character]) -> None:
    """The gallery, for people."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("NAME", no_wrap=True, max_width=32, overflow="ellipsis")
    table.add_column("")
    for character in characters:
        table.add_row(harmless_line(character["name"]), harmless_line(character["tagline"]))
    Console(markup=False, highlight=False).print(table)


async def _read(talk: Talk, paper: Plain, view: ReplyView) -> bool:
    """A reply. Ctrl-C stops it; a second one is an exception again, and leaves."""
    loop = asyncio.get_running_loop()

    def press() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        talk.press()

    with suppress(ValueError, RuntimeError):  # only the main thread hears signals
        loop.add_signal_handler(signal.SIGINT, press)
    try:
        return await read(talk, paper, view)
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def _lines() -> AsyncIterator[str]:
    """The lines of standard input that hold something. A thread waits for them, which nobody has to wait for."""
    loop = asyncio.get_running_loop()
    came: asyncio.Queue[str | None] = asyncio.Queue()
    given = sys.stdin

    def wait() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            for line in given:
                loop.call_soon_threadsafe(came.put_nowait, line)
            loop.call_soon_threadsafe(came.put_nowait, None)

    threading.Thread(target=wait, daemon=True).start()
    while (line := await came.get()) is not None:
        if line.strip():
            yield line.strip()
