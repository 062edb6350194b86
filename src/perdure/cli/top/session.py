"""`perdure top` at work: it asks, draws, and does what keys say, through every restart of the server."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable, Mapping
from dataclasses import replace

from rich.console import Console
from rich.live import Live
from rich.text import Text

from perdure.cli.server_option import Server
from perdure.cli.telling import told, told_while_waiting
from perdure.cli.top.keyboard import keys
from perdure.cli.top.view import View, draw
from perdure.client import AsyncPerdure
from perdure.core.errors import PerdureError, TokenRequired

EVERY_S = 1.0
PATIENCE_S = 3.0
"""How long one question to the server may take, in seconds, before the screen says that it is old."""

ELSEWHERE = "It is asked again and again. `perdure ps` and `perdure status` ask the supervisor meanwhile. q leaves."


class Session:
    """One screen over one server."""

    def __init__(self, server: Server, console: Console) -> None:
        self._server = server
        self._console = console
        self._view: View | None = None
        self._trouble = ""
        """Why nothing is known yet."""
        self._then: Callable[[], None] | None = None
        self._look = asyncio.Event()
        self._left = asyncio.Event()
        self._doing: set[asyncio.Task[None]] = set()

    async def run(self, fd: int) -> None:
        """Until its person leaves. Raises PerdureError where the server wants another token."""
        api = AsyncPerdure(self._server.url, self._server.access_token, patience_s=PATIENCE_S)
        async with api, keys(fd, lambda key: self._pressed(key, api)):
            with Live(Text("asking…"), console=self._console, screen=True, auto_refresh=False) as live:
                work = [asyncio.create_task(each) for each in (self._watch(api), self._draw(live), self._left.wait())]
                done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
                for task in (*work, *self._doing):
                    task.cancel()
                for task in done:
                    task.result()

    async def _watch(self, api: AsyncPerdure) -> None:
        """Ask again and again; what cannot be asked now is old meanwhile."""
        while True:
            try:
                overview = await api.overview()
            except TokenRequired:
                raise
            except PerdureError as error:
                self._trouble = told_while_waiting(error)
                if self._view is not None:
                    self._view = replace(self._view, trouble=self._trouble)
            else:
                view = replace(self._view or View(overview), overview=overview, trouble="")
                names = view.names()
                self._view = view if view.chosen in names or not names else replace(view, chosen=names[0])
            self._look.set()
            await asyncio.sleep(EVERY_S)

    async def _draw(self, live: Live) -> None:
        """Draw whenever there is something new."""
        while True:
            await self._look.wait()
            self._look.clear()
            shown = Text(f"{self._trouble}\n\n{ELSEWHERE}") if self._view is None else draw(self._view)
            live.update(shown, refresh=True)

    def _pressed(self, key: str, api: AsyncPerdure) -> None:
        if key == "q":
            self._left.set()
        if self._view is None:
            return
        view, then = replace(self._view, said=""), self._then
        if view.question:
            # Any key but one is a no.
            self._then, self._view = None, replace(view, question="")
            if key in ("y", "Y") and then is not None:
                then()
        elif key in ("up", "down"):
            self._view = replace(view, chosen=_next(view, 1 if key == "down" else -1))
        elif key == "r" and view.chosen:
            name = view.chosen
            self._ask(view, f"Restart {name}?", api, {"kind": "restart", "process": name})
        elif key in ("p", "d"):
            self._order(view, key, api)
        self._look.set()

    def _order(self, view: View, key: str, api: AsyncPerdure) -> None:
        kind, given = ("pause", view.overview["pause"]) if key == "p" else ("drain", view.overview["drain"])
        question = {
            "pause": "Take no new messages until it is taken back?",
            "drain": "Finish what is being written, and take up no further replies?",
        }[kind]
        self._ask(view, question if not given else f"Take back: {kind}?", api, {"kind": kind, "on": not given})

    def _ask(self, view: View, question: str, api: AsyncPerdure, deed: Mapping[str, object]) -> None:
        self._view = replace(view, question=f"{question} y/n")

        def then() -> None:
            task = asyncio.create_task(self._do(api, deed))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

        self._then = then

    async def _do(self, api: AsyncPerdure, deed: Mapping[str, object]) -> None:
        try:
            await api.act(deed, getpass.getuser())
            said = "Done."
        except PerdureError as error:
            said = told(error)
        if self._view is not None:
            self._view = replace(self._view, said=said)
        self._look.set()


def _next(view: View, step: int) -> str:
    names = view.names()
    if not names:
        return ""
    at = names.index(view.chosen) if view.chosen in names else 0
    return names[(at + step) % len(names)]
