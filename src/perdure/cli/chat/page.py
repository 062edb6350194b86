"""The terminal as a page that is only ever appended to: names, words as they stream, quiet remarks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from rich.color import ColorSystem
from rich.console import Console

from perdure.cli.chat.harmless import harmless, harmless_line
from perdure.cli.chat.markup import Look, Markup, Piece
from perdure.cli.chat.palette import Palette, theme_of
from perdure.cli.chat.wrap import Wrap

MEASURE = 84
"""Columns of the longest line: longer ones are tiring to read."""

NARROW = 48
"""Columns below which nothing is indented."""

COLUMNS = 80
"""Columns where nobody says how many."""

_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}


class Page:
    """Where a person reads. All that others have written goes through `harmless`."""

    def __init__(self, theme: str = "auto", out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self.palette = palette_of(theme, self._out, os.environ)
        self._markup = Markup()
        self._wrap = Wrap(self.width)
        self._open = False

    @property
    def width(self) -> int:
        """Columns that a line may take: the last one stays free, where terminals disagree about the cursor."""
        return max(8, min(MEASURE, self._columns() - 1))

    @property
    def indent(self) -> int:
        """Spaces before what characters say."""
        return 2 if self._columns() >= NARROW else 0

    def begin(self, name: str, remark: str = "", behind: str = "") -> None:
        """Whose words follow. `behind` is what these words go on from: it is known, and not written again."""
        self.end()
        remark = f"  {self.palette.quiet(harmless_line(remark))}" if remark else ""
        self._write(f"{self.palette.name(harmless_line(name))}{remark}\n")
        self._markup = Markup()
        self._markup.feed(harmless(behind))
        self._wrap = Wrap(self.width - self.indent, self.indent)
        self._open = True

    def words(self, text: str) -> None:
        """More of the words, as they come."""
        self._put(self._wrap.feed(self._markup.feed(harmless(text))))

    def aside(self, remark: str) -> None:
        """A quiet remark within a reply, or on a line of its own where nobody speaks."""
        if not self._open:
            self.line(f"({remark})")
            return
        self._put(self._wrap.feed([(f" ({harmless_line(remark)}) ", Look.NOTE)]))

    def end(self) -> None:
        """The words are over."""
        if not self._open:
            return
        self._open = False
        self._put(self._wrap.feed(self._markup.finish()) + self._wrap.finish())
        self._write("\n")

    def said(self, text: str) -> None:
        """What the person said before, as the prompt left it."""
        self.end()
        wrap = Wrap(self.width - 2)
        pieces = wrap.feed([(harmless(text), Look.PLAIN)]) + wrap.finish()
        lines = "".join(piece for piece, _ in pieces).split("\n")
        for n, line in enumerate(lines):
            self._write(f"{self.palette.name('›') if n == 0 else ' '} {line}\n")

    def line(self, remark: str) -> None:
        """A quiet remark on lines of its own."""
        self.end()
        self._write("".join(f"{self.palette.quiet(line)}\n" for line in self._lines(remark)))

    def address(self, text: str) -> None:
        """A quiet line that is there to be copied: not a break in it that is not the terminal's own."""
        self.end()
        self._write(f"{self.palette.quiet(harmless_line(text))}\n")

    def wrong(self, remark: str) -> None:
        """What went wrong, and what to do."""
        self.end()
        self._write("".join(f"{self.palette.wrong(line)}\n" for line in self._lines(remark)))

    def gap(self) -> None:
        """An empty line, between one speaker and the next."""
        self.end()
        self._write("\n")

    def _lines(self, remark: str) -> list[str]:
        wrap = Wrap(self.width)
        pieces = wrap.feed([(harmless(remark), Look.PLAIN)]) + wrap.finish()
        return "".join(text for text, _ in pieces).split("\n")

    def _put(self, pieces: list[Piece]) -> None:
        self._write("".join(self.palette.paint(text, look) if text != "\n" else text for text, look in pieces))

    def _write(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns or COLUMNS
        except (OSError, ValueError):
            return COLUMNS


def palette_of(theme: str, out: TextIO, variables: Mapping[str, str]) -> Palette:
    """What this terminal can show: NO_COLOR leaves weight and slant, a dumb one gets plain text."""
    console = Console(file=out)
    system = None if console.is_dumb_terminal else _SYSTEMS.get(console.color_system or "")
    if system is None and console.is_terminal and not console.is_dumb_terminal:
        system = ColorSystem.STANDARD
    return Palette(theme_of(theme, variables), system, colours=not variables.get("NO_COLOR"))
