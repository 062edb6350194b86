"""A person at a terminal: ask, do, show, until they have had enough."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, assert_never

from prompt_toolkit.input import create_input
from prompt_toolkit.output import create_output
from prompt_toolkit.output.vt100 import Vt100_Output

from perdure.cli.chat import actions, chat_orders, choosing
from perdure.cli.chat.harmless import harmless, harmless_line
from perdure.cli.chat.history import kept_history, state_folder
from perdure.cli.chat.keys import Keyboard
from perdure.cli.chat.orders import Order, Unknown, Words, read
from perdure.cli.chat.outcome import Edit, Leave, Outcome, Pick
from perdure.cli.chat.page import Page
from perdure.cli.chat.pick import pick
from perdure.cli.chat.prompt import Left, Line, Prompt
from perdure.cli.chat.scene import Phase, Scene
from perdure.cli.chat.talk import Talk
from perdure.cli.telling import told
from perdure.client.shapes import Character
from perdure.core.errors import PerdureError, TokenRequired

Entrance = Callable[[], Awaitable[object]]
"""How a session gets to its chat."""


class Session:
    """One sitting. `left` is true once the person wants to go."""

    def __init__(self, talk: Talk, characters: Sequence[Character], theme: str) -> None:
        self.page = Page(theme)
        self.scene = Scene(talk, self.page)
        self.left = False
        self._talk = talk
        self._characters = list(characters)
        self._personas: list[str] = []
        self._busy: asyncio.Task[Any] | None = None
        self._gave_up = False
        output = create_output()
        if isinstance(output, Vt100_Output):
            # Nobody is asked where the cursor is: an answer that comes late would be taken for keys.
            output.enable_cpr = False
        self._keyboard = Keyboard(create_input(), output)
        history = kept_history(state_folder(os.environ))
        self._prompt = Prompt(self._keyboard, history, self._names, self.page.palette.accent)

    async def run(self, enter: Entrance) -> None:
        """From the first list or greeting to the end. Raises PerdureError where there is nothing to talk in."""
        with self._keyboard.keys.raw_mode():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._leave)
            await enter()
            await self.doing(self._learn())
            text = ""
            while not self.left and self.scene.chat is not None:
                text = await self._round(text)
            self.page.end()
        if self.scene.chat is not None:
            self.page.address(f"This chat goes on with: perdure chat --chat {self._talk.chat_id}")

    async def resume(self, chat_id: str) -> None:
        """Begin with this chat."""
        await self.doing(self.scene.resume(chat_id))

    async def enter(self, character_id: str, *, new: bool) -> None:
        """Begin with the last chat with somebody, or a new one."""
        await self.doing(self.scene.begin([character_id]) if new else chat_orders.go_on_with(self.scene, character_id))

    async def choose(self, *, new: bool) -> None:
        """Pick somebody, and with somebody whom one knows, a chat."""
        rows = choosing.of_characters(self._characters)
        someone = await pick(self._keyboard, self.page, "Whom do you want to talk with?", rows)
        if someone is None:
            return
        if new:
            await self.enter(someone.key, new=True)
            return
        outcome = await self.doing(chat_orders.chats_with(self.scene, someone.key))
        if isinstance(outcome, Pick):
            await self._picked(outcome)

    async def doing(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something while Ctrl-C is heard: in a reply it is a stop, else it breaks the work off. None where that or
        an error was its end; an error is shown.
        """
        self._gave_up = self.scene.stopping = False
        self._busy = asyncio.ensure_future(work)
        # It has begun before any key is heard, and has said what Ctrl-C means.
        await asyncio.sleep(0)
        try:
            with self._keyboard.watched(self._interrupt, self._leave):
                return await self._busy
        except asyncio.CancelledError:
            if not (self._gave_up or self.left):
                raise
            self.page.end()
        except PerdureError as error:
            if isinstance(error, TokenRequired) or self.scene.chat is None:
                raise
            self.page.wrong(told(error))
            self.page.gap()
        finally:
            self._busy = None
        return None

    async def _round(self, text: str) -> str:
        """One question and what comes of it. Returns what shall stand at the next one."""
        hint = f"Write to {harmless_line(self.scene.names)} · /help"
        typed = await self._prompt.ask(hint, text=text, armed=self.scene.stopping)
        match typed:
            case Left():
                self.left = True
            case Order(name, rest):
                await self._obey(name, rest)
            case Line(line):
                return await self._understand(line)
            case _:
                assert_never(typed)
        return ""

    async def _understand(self, line: str) -> str:
        match read(line):
            case Words(words):
                await self.doing(self.scene.say(words))
                if self._gave_up and not self.left:
                    self.page.line(
                        "(given up; if it arrived after all it is in the chat, and the same again counts once)"
                    )
                    return line
            case Order(name, rest):
                await self._obey(name, rest)
            case Unknown(name, meant):
                perhaps = f" Perhaps {' or '.join(f'/{one}' for one in meant)}?" if meant else ""
                self.page.line(f"(there is no /{name}.{perhaps} /help lists all; // says a slash)")
            case None:
                pass
        return ""

    async def _obey(self, name: str, rest: str) -> None:
        outcome: Outcome = await self.doing(actions.obey(self.scene, name, rest))
        if self._gave_up:
            self.page.line("(given up)")
        match outcome:
            case Leave():
                self.left = True
            case Pick():
                await self._picked(outcome)
            case Edit(message):
                self.page.line("(in other words; Ctrl-C leaves it as it is)")
                typed = await self._prompt.ask("", text=harmless(message["text"]), editing=True)
                if isinstance(typed, Line) and typed.text.strip():
                    await self.doing(self.scene.put(typed.text.strip(), message))
                else:
                    self.page.line("(left as it is)")
            case None:
                pass
            case _:
                assert_never(outcome)

    async def _picked(self, question: Pick) -> None:
        choice = await pick(self._keyboard, self.page, question.title, question.choices)
        if choice is not None:
            await self.doing(_awaited(question.then(self.scene, choice)))

    def _interrupt(self) -> None:
        """Ctrl-C while something goes on."""
        if self.scene.phase is not Phase.WORKING and not self.scene.stopping:
            self.scene.stopping = True
            self._talk.press()
        elif self.scene.phase is Phase.READING:
            self._leave()
        elif self._busy is not None:
            self._gave_up = True
            self._busy.cancel()

    def _leave(self) -> None:
        self.left = True
        self._prompt.leave()
        if self._busy is not None:
            self._busy.cancel()

    async def _learn(self) -> None:
        """What Tab completes, beside what is known already."""
        with suppress(PerdureError):
            self._personas = [harmless_line(persona["name"]) for persona in await self._talk.api.personas()]

    def _names(self) -> dict[str, list[str]]:
        characters = [harmless_line(character["name"]) for character in self._characters]
        return {"characters": characters, "personas": [*self._personas, "none"]}


async def _awaited(work: Awaitable[object]) -> object:
    return await work
