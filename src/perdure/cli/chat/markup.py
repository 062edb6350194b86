"""The light Markdown of conversations, read as it streams: characters in, characters with looks out. Pure.

Every character comes out once and in order, the marks too (quietly): what is on the screen is what was said, and a mark
that turns out to have no partner needs no taking back. A character is held only while what follows decides its look.
"""

from __future__ import annotations

import re
from enum import Flag, auto

Piece = tuple[str, "Look"]


class Look(Flag):
    """How characters look. They add up: emphasis within speech."""

    PLAIN = 0
    EMPHASIS = auto()
    STRONG = auto()
    SPEECH = auto()
    CODE = auto()
    QUOTE = auto()
    HEADING = auto()
    MARK = auto()
    """The characters that make the looks."""
    BLOCK = auto()
    """A line of a code block: no words to be wrapped."""
    LEAD = auto()
    """What begins a quote or a list's item: its further lines stand behind it."""
    NOTE = auto()
    """Not part of the text: a remark of this program."""


_LEAD = re.compile(r" {0,3}(?:(?P<fence>```)|(?P<heading>#{1,6} )|(?P<quote>> ?)|(?P<item>(?:[-*+•]|\d{1,3}[.)]) ))")
_PERHAPS_LEAD = re.compile(r" {0,3}(?:`{0,2}|#{1,6}|>|[-*+•]|\d{1,3}[.)]?)?")
_CLOSING = {"“": "”", "„": "“", "«": "»", "「": "」", "『": "』", '"': '"'}
_RUN = re.compile(r"\*+|_+")
_EMPHASES = {1: Look.EMPHASIS, 2: Look.STRONG, 3: Look.EMPHASIS | Look.STRONG}


class Markup:
    """One text. Feed it in any pieces; `finish` gives what is held."""

    def __init__(self) -> None:
        self._held = ""
        self._before = "\n"
        self._line = Look.PLAIN
        self._fenced = False
        self._open: list[tuple[str, Look]] = []
        self._speech = ""
        self._out: list[Piece] = []

    def feed(self, text: str) -> list[Piece]:
        """What is decided with this text."""
        self._held += text
        return self._read(final=False)

    def finish(self) -> list[Piece]:
        """The rest: nothing follows."""
        return self._read(final=True)

    def _read(self, *, final: bool) -> list[Piece]:
        while self._held:
            taken = self._begin_line(final) if self._before == "\n" else self._inline(final)
            if not taken:
                break
            self._before, self._held = self._held[taken - 1], self._held[taken:]
        out, self._out = self._out, []
        return out

    def _begin_line(self, final: bool) -> int:
        """What a line begins with makes its look. Returns how many characters are decided."""
        if not final and _PERHAPS_LEAD.fullmatch(self._held):
            return 0
        self._line = Look.PLAIN
        if self._held[0] == "\n":
            self._open, self._speech = [], ""
        found = _LEAD.match(self._held)
        if self._fenced or (found and found["fence"]):
            ends = bool(found and found["fence"])
            self._line = Look.BLOCK | (Look.MARK if ends else Look.CODE)
            self._fenced ^= ends
            self._open, self._speech = [], ""
            return self._put(1, self._line)
        if found is None:
            return self._inline(final)
        if found["heading"]:
            self._line = Look.HEADING
        if found["quote"]:
            self._line = Look.QUOTE
        return self._put(found.end(), Look.MARK | (Look.PLAIN if found["heading"] else Look.LEAD))

    def _inline(self, final: bool) -> int:
        character = self._held[0]
        if character == "\n" or Look.BLOCK in self._line:
            if character == "\n":
                self._open = [(mark, look) for mark, look in self._open if mark != "`"]
            return self._put(1, self._look())
        in_code = bool(self._open) and self._open[-1][0] == "`"
        if character == "`":
            if in_code:
                self._open.pop()
            else:
                self._open.append(("`", Look.CODE))
            return self._put(1, self._look() | Look.MARK)
        if in_code:
            return self._put(1, self._look())
        if character == "\\":
            return self._escape(final)
        if character in "*_":
            return self._emphasis(final)
        return self._said(character)

    def _escape(self, final: bool) -> int:
        if len(self._held) == 1 and not final:
            return 0
        escaped = self._held[1:2] in tuple('*_`"\\')
        return self._put(1, self._look() | (Look.MARK if escaped else Look.PLAIN)) + (
            self._put(1, self._look(), start=1) if escaped else 0
        )

    def _emphasis(self, final: bool) -> int:
        """CommonMark's rule in short: it opens before a word and closes behind one."""
        found = _RUN.match(self._held)
        assert found is not None, "called at a run"
        run = found[0]
        after = self._held[found.end() : found.end() + 1]
        if not after and not final:
            return 0
        look = _EMPHASES.get(len(run))
        behind_word, before_word = not self._before.isspace(), bool(after) and not after.isspace()
        if run[0] == "_":
            inside = self._before.isalnum() and after.isalnum()
            behind_word, before_word = behind_word and not inside, before_word and not inside
        if look is not None and behind_word and (run, look) in self._open:
            taken = self._put(len(run), self._look() | Look.MARK)
            self._open.remove((run, look))
            return taken
        if look is not None and before_word:
            self._open.append((run, look))
            return self._put(len(run), self._look() | Look.MARK)
        return self._put(len(run), self._look())

    def _said(self, character: str) -> int:
        if self._speech and character == self._speech:
            taken = self._put(1, self._look())
            self._speech = ""
            return taken
        if not self._speech and character in _CLOSING and not (character == '"' and self._before.isalnum()):
            self._speech = _CLOSING[character]
        return self._put(1, self._look())

    def _look(self) -> Look:
        if Look.BLOCK in self._line:
            return self._line
        look = self._line | (Look.SPEECH if self._speech else Look.PLAIN)
        for _, more in self._open:
            look |= more
        return look

    def _put(self, count: int, look: Look, start: int = 0) -> int:
        text = self._held[start : start + count]
        if self._out and self._out[-1][1] == look and look & Look.LEAD == Look.PLAIN:
            text = self._out.pop()[0] + text
        self._out.append((text, look))
        return count
