"""The line at which a person types: several lines where wanted, a history, Tab, and the keys of `keymap`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.formatted_text import FormattedText, StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.shortcuts import PromptSession
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import is_dumb_terminal

from perdure.cli.chat import keymap
from perdure.cli.chat.harmless import harmless
from perdure.cli.chat.keys import Keyboard
from perdure.cli.chat.orders import Order, completions

Names = Callable[[], Mapping[str, Iterable[str]]]


@dataclass(frozen=True, slots=True)
class Line:
    """What was typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Left:
    """The person has had enough."""


Typed = Line | Order | Left


class Prompt:
    """Asks. `armed` at a question means that one Ctrl-C is enough to leave."""

    def __init__(self, keyboard: Keyboard, history: History, names: Names, accent: str | None) -> None:
        self._hint = ""
        self._armed = False
        self._editing = False
        style = {"sign": f"bold {accent or ''}", "placeholder": "fg:ansibrightblack" if accent else ""}
        self._session: PromptSession[Typed | str] = PromptSession(
            FormattedText([("class:sign", "› ")]),
            input=keyboard.keys,
            # Without an output of its own it asks plainly where nothing can be painted.
            output=None if is_dumb_terminal() else keyboard.output,
            history=history,
            key_bindings=self._bindings(),
            completer=_Completer(names),
            complete_while_typing=False,
            multiline=True,
            prompt_continuation="  ",
            placeholder=lambda: FormattedText([("class:placeholder", self._placeholder())]),
            input_processors=[_Harmless()],
            enable_open_in_editor=True,
            tempfile_suffix=".txt",
            reserve_space_for_menu=6,
            style=Style.from_dict(style),
        )
        self._session.default_buffer.on_text_changed += self._disarm

    async def ask(self, hint: str, *, text: str = "", armed: bool = False, editing: bool = False) -> Typed:
        """What the person types; `text` stands there already. While `editing` one Ctrl-C is Left."""
        self._hint, self._armed, self._editing = hint, armed, editing
        self._session.app.erase_when_done = False
        try:
            typed = await self._session.prompt_async(default=text)
        except (EOFError, KeyboardInterrupt):
            return Left()
        return Line(typed) if isinstance(typed, str) else typed

    def leave(self) -> None:
        """Answer the question that is open, if one is, with Left."""
        if self._session.app.is_running:
            self._session.app.exit(result=Left())

    def _placeholder(self) -> str:
        return "Ctrl-C again leaves" if self._armed else self._hint

    def _disarm(self, buffer: Buffer) -> None:
        if buffer.text:
            self._armed = False

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        typing = has_focus(DEFAULT_BUFFER)
        empty = typing & Condition(lambda: not get_app().current_buffer.text)

        @bindings.add(*keymap.SEND.keys, filter=typing)
        def _send(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
                buffer.complete_state = None
            elif buffer.document.text_before_cursor.endswith("\\"):
                buffer.delete_before_cursor()
                buffer.insert_text("\n")
            elif buffer.text.strip():
                buffer.validate_and_handle()

        @bindings.add(*keymap.LINE.keys, filter=typing)
        def _line(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        @bindings.add(*keymap.INTERRUPT.keys, filter=typing)
        @bindings.add("<sigint>")
        def _interrupt(event: KeyPressEvent) -> None:
            if self._editing:
                self._leave(event, Left())
            elif event.current_buffer.text:
                event.current_buffer.reset()
            elif self._armed:
                self._leave(event, Left())
            else:
                self._armed = True

        @bindings.add(*keymap.LEAVE.keys, filter=empty)
        def _left(event: KeyPressEvent) -> None:
            self._leave(event, Left())

        for key, order in ((keymap.NEXT, "next"), (keymap.PREV, "prev")):

            @bindings.add(*key.keys, filter=empty)
            def _swipe(event: KeyPressEvent, order: str = order) -> None:
                self._leave(event, Order(order))

        return bindings

    def _leave(self, event: KeyPressEvent, typed: Typed) -> None:
        """Answer without a word: the line that was there for it goes."""
        event.app.erase_when_done = True
        event.app.exit(result=typed)


class _Harmless(Processor):
    """What is pasted may have been written by anybody: it is sent as it is, and shown as it may be."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        # One character for each, so that the cursor stands where it is.
        parts: StyleAndTextTuples = [
            (part[0], harmless(part[1].replace("\r", "\0"))) for part in transformation_input.fragments
        ]
        return Transformation(parts)


class _Completer(Completer):
    """Orders and names."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        line = document.text_before_cursor
        behind = line.partition(" ")[2].lstrip() if " " in line else line
        for text, shown, meaning in completions(line, self._names()):
            yield Completion(text, start_position=-len(behind), display=shown, display_meta=meaning)
