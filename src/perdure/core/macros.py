"""The placeholders that card authors write, and the example dialogue that is built from them.

Cards say {{char}} and {{user}} because their authors know neither the reader nor, often, the final name.
The subset here is the one that every program agrees on (V2 and V3 card specs); an unknown macro stays as
it is, so that its author sees it instead of wondering where it went.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Speaker = Literal["user", "character"]
Example = tuple[tuple[Speaker, str], ...]

_MACRO: Final = re.compile(r"\{\{\s*(char|user|original)\s*\}\}|<(char|bot|user)>|\{\{//", re.IGNORECASE)
_START: Final = re.compile(r"<START>", re.IGNORECASE)
# {{random_user_1}} is an old way to write "some user" in examples.
_USER_LINE: Final = re.compile(r"[ \t]*(?:\{\{\s*(?:user|random_user_\d+)\s*\}\}|<user>)[ \t]*:", re.IGNORECASE)
_CHARACTER_LINE: Final = re.compile(r"[ \t]*(?:\{\{\s*char\s*\}\}|<(?:char|bot)>)[ \t]*:", re.IGNORECASE)


def expand(text: str, *, char: str, user: str, original: str = "") -> str:
    """Put names in the place of macros, and take comments ({{// like this }}) out.

    One pass from left to right: what is inserted is never looked at again, so a user called "{{char}}"
    stays one. `original` is the text that a card's own system prompt may quote. Takes linear time.
    """
    values = {"char": char, "bot": char, "user": user, "original": original}
    pieces: list[str] = []
    done = 0
    last_close = text.rfind("}}")  # known beforehand, so that unclosed comments are not searched for again and again
    while match := _MACRO.search(text, done):
        pieces.append(text[done : match.start()])
        done = match.end()
        name = match[1] or match[2]
        if name:
            pieces.append(values[name.lower()])
        elif done <= last_close:
            done = text.index("}}", done) + 2
        else:
            pieces.append(match[0])
    pieces.append(text[done:])
    return "".join(pieces)


def split_examples(mes_example: str) -> tuple[Example, ...]:
    """The example dialogues, one for each <START>, as (who, text) pairs with their macros still in place.

    A line that begins with {{user}}: or {{char}}: begins a speech, the lines after it belong to it. A
    block in which nobody is named is all the character's; otherwise what stands before the first
    speaker is a heading, not speech, and is left out.
    """
    blocks = (_speeches(block) for block in _START.split(mes_example))
    return tuple(block for block in blocks if block)


def _speeches(block: str) -> Example:
    speeches: list[tuple[Speaker, list[str]]] = []
    unclaimed: list[str] = []
    for line in block.split("\n"):
        if match := _USER_LINE.match(line):
            speeches.append(("user", [line[match.end() :]]))
        elif match := _CHARACTER_LINE.match(line):
            speeches.append(("character", [line[match.end() :]]))
        elif speeches:
            speeches[-1][1].append(line)
        else:
            unclaimed.append(line)
    if not speeches:
        speeches.append(("character", unclaimed))
    texts = ((speaker, "\n".join(lines).strip()) for speaker, lines in speeches)
    return tuple((speaker, text) for speaker, text in texts if text)
