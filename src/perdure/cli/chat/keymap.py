"""The keys of `perdure chat`, in one table: the bindings are made of it and the documents are held against it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """`shown` is what people call it, `keys` what prompt_toolkit calls it (chords, in order), `sentence` what for."""

    shown: str
    keys: tuple[str, ...]
    sentence: str


SEND = Key("Enter", ("enter",), "send")
LINE = Key("Alt-Enter, or `\\` before Enter", ("escape", "enter"), "a new line; a paste keeps its lines")
NEXT = Key("Ctrl-→", ("c-right",), "with nothing typed: the next reply; behind the last, another one is asked for")
PREV = Key("Ctrl-←", ("c-left",), "with nothing typed: the reply before")
INTERRUPT = Key("Ctrl-C", ("c-c",), "end the reply and keep what was said; pressed again, leave; else clear the line")
LEAVE = Key("Ctrl-D", ("c-d",), "leave; a reply that is being written is finished without you")
COMPLETE = Key("Tab", ("tab",), "complete an order or a name")
EARLIER = Key("↑ ↓", ("up", "down"), "what you typed before, also in earlier sessions")
SEARCH = Key("Ctrl-R", ("c-r",), "search in what you typed before")
EDITOR = Key("Ctrl-X Ctrl-E", ("c-x", "c-e"), "write in your $EDITOR")

KEYS = (SEND, LINE, NEXT, PREV, INTERRUPT, LEAVE, COMPLETE, EARLIER, SEARCH, EDITOR)
