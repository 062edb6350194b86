"""What a typed line asks for: words to say, or an order of this program. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """To be said."""

    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """To be done: a name of ORDERS, and what stood behind it."""

    name: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Looks like an order and is none. `meant` are the names that it may stand for."""

    name: str
    meant: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """How an order is written, and what it does."""

    argument: str
    sentence: str


ORDERS: dict[str, Usage] = {
    "next": Usage("", "the next reply beside this one; behind the last, another one is asked for"),
    "prev": Usage("", "the reply before this one"),
    "swipe": Usage("[n]", "the nth reply, or the next"),
    "regenerate": Usage("", "another reply, beside those that are there"),
    "continue": Usage("", "let the last reply go on"),
    "edit": Usage("[reply]", "your last message, or the last reply, in other words: a branch of its own"),
    "rewind": Usage("[n]", "back to before your last n messages; nothing is lost"),
    "delete": Usage("[n]", "hide the last n messages"),
    "undo": Usage("", "bring back what was deleted last"),
    "greeting": Usage("[n]", "begin with another greeting"),
    "history": Usage("[n]", "show the last n messages again"),
    "persona": Usage("[name]", "who you are in this chat; `none` for nobody in particular"),
    "new": Usage("[character]", "a new chat, with this character or another one"),
    "chats": Usage("", "go on with another chat"),
    "characters": Usage("", "talk with another character"),
    "help": Usage("", "this list"),
    "quit": Usage("", "leave; a reply that is being written is finished without you"),
}

NAMED = {"new": "characters", "characters": "characters", "persona": "personas"}
"""Orders that take a name, and whose."""


def read(line: str) -> Words | Order | Unknown | None:
    """What the line asks for; None for nothing. Two slashes say one; a beginning that fits one order is that order."""
    text = line.strip()
    if not text:
        return None
    if not text.startswith("/"):
        return Words(text)
    if text.startswith("//"):
        return Words(text[1:])
    name, _, rest = text[1:].partition(" ")
    name = name.casefold()
    if name in ORDERS:
        return Order(name, rest.strip())
    begun = tuple(known for known in ORDERS if name and known.startswith(name))
    if len(begun) == 1:
        return Order(begun[0], rest.strip())
    return Unknown(name, begun or tuple(difflib.get_close_matches(name, ORDERS, n=1)))


def count(rest: str, default: int) -> int | None:
    """The number behind an order: at least 1; None where it is no number."""
    if not rest:
        return default
    return int(rest) if rest.isascii() and rest.isdigit() and 0 < int(rest) < 10**6 else None


def completions(line: str, names: Mapping[str, Iterable[str]]) -> Sequence[tuple[str, str, str]]:
    """What Tab may make of the line: (the rest's replacement, how it is shown, what it means).

    `names` are those of "characters" and "personas". The replacement stands for the line's last word, or for all
    behind the order.
    """
    if not line.startswith("/") or "\n" in line:
        return []
    name, space, rest = line[1:].partition(" ")
    if not space:
        fitting = [known for known in ORDERS if known.startswith(name.casefold())]
        return [
            (f"/{known}", f"/{known} {ORDERS[known].argument}".strip(), ORDERS[known].sentence) for known in fitting
        ]
    wanted = rest.lstrip().casefold()
    return [(one, one, "") for one in names.get(NAMED.get(name, ""), ()) if one.casefold().startswith(wanted)]
