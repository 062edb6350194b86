"""What the scripted backend says and how it misbehaves: pure, so that tests can work out what has to arrive.

A message orders its reply with a directive in double brackets: `[[tokens=40 interval=0.01 reset_after=3 times=1]]`. The
keys are the fields of `Script`; a bare key means true, or 0 for a number.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from perdure.models.continuation import INSTRUCTION

_DIRECTIVE = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_PAIR = re.compile(r'(\w+)(?:=("[^"]*"|\S+))?')
_WORD = re.compile(r"\s*\S+(?:\s+$)?")


class BadScript(ValueError):
    """A directive that says nothing known; its text says what."""


@dataclass(frozen=True, slots=True)
class Script:
    """How one request is answered. Durations are in seconds, `*_after` counts the tokens sent by this answer."""

    tokens: int = 64
    """Length of the whole reply, with what a prefix already holds of it."""
    interval: float = 0.02
    first: float = 0.0
    """Seconds until the first token."""
    text: str | None = None
    """What to say instead of numbered words."""
    reasoning: int = 0
    """How many hidden thoughts come first."""
    whole: bool = False
    """Answer with one JSON document although a stream was asked for."""

    # What it can and cannot do.
    no_prefill: bool = False
    """Refuse to go on from an assistant message."""
    anew: bool = False
    """Ignore that it should go on, and start the reply again, with other words behind the eighth."""
    echo: bool = False
    """Repeat the prefix before going on."""
    overlap: int = 0
    """Repeat that many words of the prefix's end when asked in words to go on."""

    # How it misbehaves.
    die_after: int | None = None
    """Kill the whole process with SIGKILL."""
    stall_after: int | None = None
    """Fall silent and keep the connection."""
    reset_after: int | None = None
    """Reset the connection (RST)."""
    cut_after: int | None = None
    """Close the connection in order (FIN), without an end of the reply."""
    error_event: int | None = None
    """Send an error event."""
    garbage_after: int | None = None
    """Send an event that is broken JSON."""
    no_finish: bool = False
    """End with `[DONE]` and no finish_reason."""
    status: int | None = None
    """Answer with this HTTP status."""
    retry_after: str | None = None
    """The Retry-After header with `status`."""
    code: str | None = None
    """The error's `type` with `status` or `error_event`."""
    message: str = "scripted failure"
    """The error's words."""
    html: bool = False
    """Answer with a web page (of `status`, or 200)."""
    json_error: bool = False
    """Answer with 200 and a JSON error instead of a stream."""
    times: int | None = None
    """Only the first so many requests of this message misbehave; None: all."""
    fresh: bool = False
    """Only requests without a prefix misbehave."""

    def behaved(self) -> Script:
        """The same without misbehaviour."""
        return replace(self, **_BEHAVED)


_KINDS = {field.name: str(field.type).split(" ")[0] for field in fields(Script)}
_MISBEHAVIOUR = (
    "die_after", "stall_after", "reset_after", "cut_after", "error_event", "garbage_after", "no_finish", "status",
    "retry_after", "code", "message", "html", "json_error", "times", "fresh",
)  # fmt: skip

_BEHAVED: dict[str, Any] = {field.name: field.default for field in fields(Script) if field.name in _MISBEHAVIOUR}


def changed(script: Script, changes: Mapping[str, object]) -> Script:
    """`script` with some fields set. Raises BadScript for unknown fields and values of the wrong kind."""
    values: dict[str, Any] = {}
    for key, value in changes.items():
        kind = _KINDS.get(key)
        try:
            match kind:
                case "int":
                    values[key] = 0 if value is True else None if value is None else int(str(value))
                case "float":
                    values[key] = float(str(value))
                case "bool":
                    values[key] = str(value).lower() in ("true", "1", "yes")
                case "str":
                    values[key] = None if value is None else str(value).strip('"')
                case _:
                    raise BadScript(f"no such key: {key}")
        except ValueError as error:
            raise BadScript(f"{key}: {error}") from error
    return replace(script, **values)


def ordered(message: str, default: Script) -> Script:
    """The script that a message orders, over `default`. Raises BadScript."""
    script = default
    for directive in _DIRECTIVE.findall(message):
        script = changed(script, {key: value or True for key, value in _PAIR.findall(directive)})
    return script


def reply_tokens(message: str, seed: int | None, script: Script) -> list[str]:
    """The whole reply to `message`, token by token: a function of the message, the seed and the script's text.

    Words are numbered and carry a tag of their message, so a gap, a repeat and text of another conversation all show.
    """
    if script.text is not None:
        return _WORD.findall(script.text)[: script.tokens]
    tag = "".join(chr(97 + (zlib.crc32(f"{seed}|{message}".encode()) >> shift) % 26) for shift in (0, 8, 16))
    return [f"{' ' if n else ''}{tag}{n}" for n in range(script.tokens)]


def expected(
    message: str,
    seed: int | None = None,
    max_tokens: int | None = None,
    default: Script | None = None,
) -> str:
    """The text that a client must end up with, however often the reply was interrupted."""
    tokens = reply_tokens(message, seed, ordered(message, default or Script()))
    return "".join(tokens[:max_tokens])


def told(request: Request, script: Script, seed: int | None, limit: int | None) -> tuple[list[str], bool]:
    """The tokens to send, and whether `limit` cuts them off."""
    tokens = reply_tokens(request.message, seed, script)
    left = rest(tokens, request.prefix)
    repeated: list[str] = []
    if request.prefix and request.in_words and script.overlap:
        repeated = [" ".join(request.prefix.split(" ")[-script.overlap :])]
    elif request.prefix and script.anew and not request.in_words:
        left = tokens[:8] + [f"{token}x" for token in tokens[8:]]
    elif request.prefix and script.echo and not request.in_words:
        repeated = _WORD.findall(request.prefix)
    said = left if limit is None else left[:limit]
    return repeated + said, len(said) < len(left)


@dataclass(frozen=True, slots=True)
class Request:
    """What a completion request asks: the message to answer, and what to go on from."""

    message: str
    prefix: str
    in_words: bool
    """Asked to go on by a continuation request rather than by an assistant prefix."""


def read(messages: list[dict[str, object]]) -> Request:
    """The request in a list of messages of the OpenAI API."""
    turns = [(str(message.get("role")), str(message.get("content") or "")) for message in messages]
    in_words = len(turns) > 1 and turns[-1] == ("user", INSTRUCTION) and turns[-2][0] == "assistant"
    if in_words:
        turns.pop()
    prefix = turns.pop()[1] if turns and turns[-1][0] == "assistant" else ""
    message = next((content for role, content in reversed(turns) if role == "user"), "")
    return Request(message, prefix, in_words)


def rest(tokens: list[str], prefix: str) -> list[str]:
    """The tokens behind `prefix`; all of them when the reply does not begin like that."""
    if not "".join(tokens).startswith(prefix):
        return tokens
    left = len(prefix)
    for n, token in enumerate(tokens):
        if left < len(token):
            return [token[left:], *tokens[n + 1 :]]
        left -= len(token)
    return []
