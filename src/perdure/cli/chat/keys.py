"""The keyboard of a session. Raw from its first moment to its last, so that Ctrl-C is a key among keys and no signal
that could strike between a word and the note that it was shown, or while nobody listens.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output
from prompt_toolkit.utils import is_dumb_terminal

Heard = Callable[[], None]


class Keyboard:
    """`keys` is read by prompts while they ask, and by `watched` at all other times."""

    def __init__(self, keys: Input, output: Output) -> None:
        self.keys = keys
        self.output = output

    @contextmanager
    def watched(self, interrupt: Heard, leave: Heard) -> Iterator[None]:
        """While something goes on: Ctrl-C is `interrupt`, Ctrl-D and the terminal's end are `leave`. What else is typed
        is there at the next prompt, a paste as one.
        """
        ahead: list[KeyPress] = []

        def hear(presses: Iterable[KeyPress]) -> None:
            for press in presses:
                if press.key == Keys.ControlC:
                    interrupt()
                elif press.key == Keys.ControlD:
                    leave()
                elif press.key != Keys.CPRResponse:
                    ahead.append(press)

        def read() -> None:
            hear(self.keys.read_keys())
            if self.keys.closed:
                leave()

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, interrupt)
        self._paste_is_marked(True)
        try:
            with self.keys.raw_mode(), self.keys.attach(read):
                # What came in one piece with the Enter of the question before.
                hear(get_typeahead(self.keys))
                yield
        finally:
            self._paste_is_marked(False)
            loop.remove_signal_handler(signal.SIGINT)
            store_typeahead(self.keys, ahead)

    def _paste_is_marked(self, on: bool) -> None:
        if is_dumb_terminal():
            return
        if on:
            self.output.enable_bracketed_paste()
        else:
            self.output.disable_bracketed_paste()
        self.output.flush()
