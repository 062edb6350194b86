"""Choosing from a list at the terminal: arrow keys, and letters that narrow it. It goes as it is left."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.shortcuts import PromptSession
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import is_dumb_terminal
from rich.cells import cell_len

from perdure.cli.chat.keys import Keyboard
from perdure.cli.chat.listing import fitted
from perdure.cli.chat.page import Page
from perdure.cli.chat.picking import Choice, Picking

ROWS = 12
"""Rows of a list at most."""


async def pick(keyboard: Keyboard, page: Page, title: str, choices: Sequence[Choice]) -> Choice | None:
    """What the person chooses; None where they leave. Titles and hints have to be harmless."""
    if is_dumb_terminal():
        return await _by_number(keyboard, page, title, choices)
    picking = Picking(choices)
    accent = page.palette.accent
    listed = FormattedTextControl(lambda: rendered(picking, title, *_size(keyboard)))
    application: Application[Choice | None] = Application(
        layout=Layout(Window(listed, wrap_lines=False)),
        key_bindings=_bindings(picking),
        style=Style.from_dict({
            "title": "bold", "mark": f"bold {accent or ''}", "quiet": "fg:ansibrightblack" if accent else "",
        }),
        input=keyboard.keys,
        output=keyboard.output,
        erase_when_done=True,
    )  # fmt: skip
    return await application.run_async()


def rendered(picking: Picking, title: str, columns: int, lines: int) -> StyleAndTextTuples:
    """The list as it is seen. No line is longer than the terminal is wide."""
    height = max(1, min(ROWS, lines - 3))
    out: StyleAndTextTuples = [
        ("class:title", fitted(title, columns - 1)),
        ("", "\n"),
        ("class:mark", "› "),
        ("", picking.wanted[-(columns - 4) :]),
        ("[SetCursorPosition]", ""),
        ("class:quiet", "" if picking.wanted else fitted("type to narrow, ↑ ↓ Enter", columns - 4)),
    ]
    for marked, choice in picking.rows(height):
        name = fitted(choice.title, columns - 3)
        room = columns - 3 - cell_len(name) - 2
        hint = fitted(choice.hint, room) if room > 8 else ""
        out += [
            ("", "\n"), ("class:mark", "▸ " if marked else "  "),
            ("class:mark" if marked else "", name), ("class:quiet", f"  {hint}" if hint else ""),
        ]  # fmt: skip
    if not picking.count:
        out += [("", "\n"), ("class:quiet", fitted("  nothing fits", columns - 1))]
    elif picking.count > height:
        out += [("", "\n"), ("class:quiet", f"  {picking.place + 1}/{picking.count}")]
    return out


def _size(keyboard: Keyboard) -> tuple[int, int]:
    size = keyboard.output.get_size()
    return size.columns, size.rows


def _bindings(picking: Picking) -> KeyBindings:
    bindings = KeyBindings()
    for keys, step in ((("up", "c-p"), -1), (("down", "c-n"), 1), (("pageup",), -ROWS), (("pagedown",), ROWS)):
        for key in keys:

            @bindings.add(key)
            def _move(event: KeyPressEvent, step: int = step) -> None:
                picking.move(step)

    @bindings.add("enter")
    def _choose(event: KeyPressEvent) -> None:
        if picking.chosen is not None:
            event.app.exit(result=picking.chosen)

    @bindings.add("escape", eager=True)
    @bindings.add("c-c")
    @bindings.add("c-d")
    @bindings.add("<sigint>")
    def _leave(event: KeyPressEvent) -> None:
        event.app.exit(result=None)

    @bindings.add("backspace")
    def _erase(event: KeyPressEvent) -> None:
        picking.narrow(picking.wanted[:-1])

    @bindings.add("c-u")
    def _clear(event: KeyPressEvent) -> None:
        picking.narrow("")

    @bindings.add(Keys.Any)
    @bindings.add(Keys.BracketedPaste)
    def _type(event: KeyPressEvent) -> None:
        picking.narrow(picking.wanted + "".join(letter for letter in event.data if letter.isprintable()))

    return bindings


async def _by_number(keyboard: Keyboard, page: Page, title: str, choices: Sequence[Choice]) -> Choice | None:
    """Where nothing can be painted: a numbered list."""
    page.line(title)
    for n, choice in enumerate(choices, 1):
        page.line(fitted(f"{n}  {choice.title}  {choice.hint}".rstrip(), page.width))
    session: PromptSession[str] = PromptSession("Number: ", input=keyboard.keys)
    while True:
        try:
            typed = (await session.prompt_async()).strip()
        except (EOFError, KeyboardInterrupt):
            return None
        if typed.isascii() and typed.isdigit() and 0 < int(typed) <= len(choices):
            return choices[int(typed) - 1]
        page.line(f"From 1 to {len(choices)}, or Ctrl-C.")
