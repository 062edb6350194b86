"""Lines of a width out of text that streams, by appending alone. Pure.

A word that might not fit is held until it is whole; one that has room for many more letters is given out at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import get_character_cell_size

from perdure.cli.chat.markup import Look, Piece

ROOM = 24
"""Columns: a word that has as many left is not waited for."""

TAB = 4

_NEVER_FIRST = frozenset("、。，．：；！？）」』】〉》ー…")
"""Characters of full width that never begin a line (a small part of JIS X 4051)."""


class Wrap:
    """One text in lines of `width` columns, each behind `indent` spaces."""

    def __init__(self, width: int, indent: int = 0) -> None:
        self._width = max(4, width)
        self._indent = " " * indent
        self._hang = 0
        self._column = 0
        self._blank = False
        """Whether the line is still without its indent."""
        self._spaces: list[Piece] = []
        self._word: list[Piece] = []
        self._word_cells = 0
        self._split = False
        """Whether the beginning of the word is out already."""
        self._begin()

    def feed(self, pieces: Iterable[Piece]) -> list[Piece]:
        """What can be shown with these."""
        out: list[Piece] = []
        for text, look in pieces:
            for character in text:
                self._take(character, look, out)
            if Look.LEAD in look:
                self._lead(out)
        if self._word and self._column + self._gap() + self._word_cells + min(ROOM, self._width // 2) <= self._width:
            self._flush(out)
            self._split = True
        return joined(out)

    def finish(self) -> list[Piece]:
        """The rest."""
        out: list[Piece] = []
        self._flush(out)
        self._spaces = []
        return joined(out)

    def _begin(self) -> None:
        self._column, self._blank = 0, True

    def _take(self, character: str, look: Look, out: list[Piece]) -> None:
        cells = max(0, get_character_cell_size(character))
        if character == "\n":
            self._flush(out)
            self._spaces = []
            out.append(("\n", Look.PLAIN))
            self._hang = 0
            self._begin()
        elif character in " \t" and Look.BLOCK not in look:
            self._flush(out)
            self._space(" " * (TAB if character == "\t" else 1), look)
        elif Look.BLOCK in look:
            self._flush(out)
            self._word, self._word_cells = [(character.expandtabs(TAB), look)], TAB if character == "\t" else cells
            self._flush(out)
        else:
            if self._word and self._breaks_before(character, cells):
                self._flush(out)
            self._word.append((character, look))
            self._word_cells += cells

    def _space(self, text: str, look: Look) -> None:
        """A remark stands apart by one space, whether or not the words around it bring theirs."""
        if Look.NOTE in look and (self._spaces or self._blank):
            return
        if self._spaces and Look.NOTE in self._spaces[-1][1]:
            self._spaces.pop()
        self._spaces.append((text, look))

    def _breaks_before(self, character: str, cells: int) -> bool:
        last = self._word[-1][0]
        wide = get_character_cell_size(last) == 2
        return (cells == 2 and character not in _NEVER_FIRST) or (wide and cells == 1 and character.isalnum())

    def _lead(self, out: list[Piece]) -> None:
        """A list's item or a quote begins: what follows it stands behind it, on every line."""
        self._flush(out)
        while self._spaces:
            self._write(*self._spaces.pop(0), out)
        self._hang = min(self._column, self._width // 2)

    def _gap(self) -> int:
        return sum(len(text) for text, _ in self._spaces)

    def _flush(self, out: list[Piece]) -> None:
        """Give the word out, on the next line where it does not fit here."""
        if self._word:
            gap = self._gap()
            if not self._split and self._column > self._hang and self._column + gap + self._word_cells > self._width:
                self._break(out)
            else:
                for text, look in self._spaces:
                    self._write(text, look, out)
            self._spaces = []
            for text, look in self._word:
                self._write(text, look, out)
            self._word, self._word_cells = [], 0
        self._split = False

    def _break(self, out: list[Piece]) -> None:
        out.append(("\n", Look.PLAIN))
        self._begin()
        if self._hang:
            self._write(" " * self._hang, Look.PLAIN, out)

    def _write(self, text: str, look: Look, out: list[Piece]) -> None:
        cells = max(0, sum(get_character_cell_size(character) for character in text))
        if self._column + cells > self._width and self._column > self._hang:
            self._break(out)
            if not text.strip():
                return
        if self._blank:
            self._blank = False
            if self._indent:
                out.append((self._indent, Look.PLAIN))
        out.append((text, look))
        self._column += cells


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """The same, with neighbours of one look in one piece."""
    out: list[Piece] = []
    for text, look in pieces:
        if out and out[-1][1] == look:
            out[-1] = (out[-1][0] + text, look)
        else:
            out.append((text, look))
    return out
