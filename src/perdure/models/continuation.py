"""Going on behind the text so far: what to ask for, and how the answer is fitted to it.

Three kinds of servers exist. Some go on from an assistant message and send only what is new. Some do, but send the
message again first (an echo). Some cannot, and either refuse, or start the reply anew; those are asked in words to go
on, and like to repeat the last sentence. A *joint* watches the first pieces of an answer, lets through what is new, and
has settled as soon as it knows; a settled joint is thrown away, so it costs nothing per token.

A joint works on pieces (one event's text each), so that what it held back leaves it as whole tokens.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Protocol

from perdure.core.prompt import Ask, PromptMessage
from perdure.core.reply import overlap

INSTRUCTION = (
    "Your last message was cut off. Go on exactly where it stopped, in the middle of the sentence if need be. "
    "Do not repeat any of it, do not greet, do not comment: write only what comes next."
)
"""Asks a model in words to continue, where its server cannot prefill."""

TAIL_CHARS = 400
"""How far back a repeat of the reply's end is looked for."""
ANEW_CHARS = 24
"""An answer that shares this many code points with the reply's beginning, and then differs, has started anew."""

_OUR_FIELDS = re.compile(r"continue_final_message|add_generation_prompt")
_OTHER_FIELDS = re.compile(r"\b(top_k|min_p|repeat_penalty|top_p|temperature|seed|stop|max_tokens|model)\b")
_REFUSAL = re.compile(
    r"prefill|(extra|unknown|unrecognized|unexpected).{0,20}(field|input|param|argument|propert|key)"
    r"|(last|final|end of).{0,60}(message|role|turn|list|assistant)|role.{0,40}alternat|alternat.{0,40}role"
    r"|(must|should) end with|trailing whitespace",
    re.IGNORECASE | re.DOTALL,
)


class Prefill(Enum):
    """What is known of a backend's way to go on from an assistant message."""

    UNKNOWN = "unknown"
    CLEAN = "clean"
    ECHOES = "echoes"
    NEVER = "never"


class StartedAnew(Exception):
    """The answer begins the reply again instead of going on."""


class Joint(Protocol):
    """Fits an answer's beginning to the text before it."""

    settled: bool

    def take(self, piece: str) -> list[str]:
        """The pieces to let through now. Raises StartedAnew."""
        ...

    def end(self) -> list[str]:
        """The pieces to let through when nothing more comes. Raises StartedAnew."""
        ...


def refuses_prefill(words: str) -> bool:
    """Whether a server's complaint is about being asked to go on from an assistant message."""
    if _OUR_FIELDS.search(words):
        return True
    return _REFUSAL.search(words) is not None and not _OTHER_FIELDS.search(words)


def continuation_request(ask: Ask) -> tuple[PromptMessage, ...]:
    """The messages that ask in words for what comes behind `ask.prefix`."""
    return (*ask.messages, PromptMessage("assistant", ask.prefix), PromptMessage("user", INSTRUCTION))


class EchoJoint:
    """Takes away a repetition of the whole prefix, and nothing else.

    What merely begins like the prefix is let through as soon as it differs. A short or repetitive prefix ("ha ha") may
    rightly come twice, so without knowing the server (`sure`) it is left alone.
    """

    def __init__(self, prefix: str, *, sure: bool) -> None:
        self._prefix = prefix
        self._sure = sure
        self._watch = sure or is_distinctive(prefix)
        self._held: list[str] = []
        self._seen = ""
        self.settled = not self._watch
        self.verdict: Prefill | None = None
        """What this answer taught about the server."""

    def take(self, piece: str) -> list[str]:
        self._held.append(piece)
        self._seen += piece
        if not self._watch:
            return self._release(0)
        if self._seen.startswith(self._prefix):
            self.verdict = Prefill.ECHOES
            return self._release(len(self._prefix))
        if self._prefix.startswith(self._seen):
            return []
        return self._differs()

    def end(self) -> list[str]:
        return self._differs() if self._seen else []

    def _differs(self) -> list[str]:
        shared = _common(self._prefix, self._seen)
        if shared >= ANEW_CHARS:
            raise StartedAnew
        if shared == 0 and not self._sure:
            self.verdict = Prefill.CLEAN
        return self._release(0)

    def _release(self, dropped: int) -> list[str]:
        self.settled = True
        return _without(self._held, dropped)


class OverlapJoint:
    """Takes away a repetition of the prefix's end, after a continuation request."""

    def __init__(self, prefix: str) -> None:
        self._tail = prefix[-TAIL_CHARS:]
        self._held: list[str] = []
        self._seen = ""
        self.settled = False

    def take(self, piece: str) -> list[str]:
        self._held.append(piece)
        self._seen += piece
        if self._seen in self._tail:  # it may still grow into a repetition of the end
            return []
        return self.end()

    def end(self) -> list[str]:
        self.settled = True
        repeated = overlap(self._tail, self._seen)
        pieces = _without(self._held, repeated)
        if pieces and not repeated and _wants_space(self._tail, pieces[0]):
            pieces[0] = " " + pieces[0]
        return pieces


def is_distinctive(prefix: str) -> bool:
    """Whether a repetition of `prefix` can hardly be anything but an echo: long enough, and no refrain in itself.

    "ha ha ha ha" is none: its first half comes again within it, so it may as well come once more.
    """
    if len(prefix) < ANEW_CHARS and len(prefix.split()) < 4:
        return False
    return prefix.find(prefix[: len(prefix) // 2], 1) < 0


def _common(one: str, other: str) -> int:
    """The number of leading code points that both share."""
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared


def _without(pieces: list[str], dropped: int) -> list[str]:
    """The pieces without their first `dropped` code points."""
    kept: list[str] = []
    for piece in pieces:
        if dropped < len(piece):
            kept.append(piece[dropped:])
        dropped = max(0, dropped - len(piece))
    return kept


def _wants_space(before: str, after: str) -> bool:
    """Whether two words would run together: a chat model never begins its answer with the space that it means.

    Only for scripts that put spaces between words; those above U+0E00 (Thai, Chinese, Japanese, …) mostly do not.
    """
    left, right = before[-1:], after[:1]
    return (left.isalnum() or left in ".,;:!?") and right.isalnum() and ord(left) < 0x0E00 and ord(right) < 0x0E00
