"""One answer of an OpenAI-compatible server, from raw bytes to chunks: the hot path, without I/O.

A server may run a thousand of these at once, so all events of one network read become one `Chunk`, and an event costs
one JSON parse and a few dictionary lookups.

A token that ends in white space waits for the next one: nobody sees it meanwhile. So a reply that breaks off never
ends in white space, which tokenizers join differently at the end of a text than in the middle (two line feeds are
one token of SmolLM2 there, and two here), and going on behind it is what an uninterrupted reply would have said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from perdure.core.errors import ModelCut, ModelError, ModelRubbish
from perdure.models.continuation import Joint
from perdure.models.failures import from_error
from perdure.models.sse import EventTooLong, SseSplitter
from perdure.ports.models import Chunk

_DONE = b"[DONE]"


class ReplyStream:
    """Turns what is read into chunks.

    `finish` is set once the server has said why it ended, and `timings` where it tells of its work (llama.cpp does);
    `failure` once it has said that it failed. Text that came before either, even in the same read, is in the chunk,
    but for white space right before a failure. `who` names the backend in errors.
    """

    __slots__ = ("_held", "_joint", "_splitter", "_spoke", "_who", "failure", "finish", "timings")

    def __init__(self, who: str, joint: Joint | None = None) -> None:
        self._splitter = SseSplitter()
        self._joint = joint
        self._who = who
        self._spoke = False
        self._held: list[str] = []
        self.finish: str | None = None
        self.timings: Mapping[str, Any] = {}
        self.failure: ModelError | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is to be read."""
        return self.finish is not None or self.failure is not None

    def feed(self, data: bytes) -> Chunk | None:
        """What `data` completes, without `finish`; None for nothing. Raises StartedAnew."""
        texts: list[str] = []
        thoughts: list[str] = []
        try:
            events = self._splitter.feed(data)
        except EventTooLong:
            self.failure = ModelRubbish(f"The model's server ({self._who}) sends an event without an end.")
            return None
        for name, payload in events:
            self._take(name, payload, texts, thoughts)
            if self.finish is not None or self.failure is not None:
                break
        return self._chunk(texts, thoughts)

    def close(self) -> Chunk | None:
        """What the end of the connection completes. Afterwards either `finish` or `failure` is set."""
        texts: list[str] = []
        thoughts: list[str] = []
        rest = self._splitter.close()
        if rest is not None and _is_whole(rest[1]):  # some servers forget the last blank line
            self._take(*rest, texts, thoughts)
        if not self.over:
            if rest is None and not self._spoke and self._splitter.strange:
                self.failure = ModelRubbish(f"What answers at {self._who} is no stream of events.")
            else:
                self.failure = ModelCut(f"The stream of the model's server ({self._who}) broke off.")
        return self._chunk(texts, thoughts)

    def whole(self, body: bytes) -> Chunk | None:
        """The reply in an answer that is one JSON document instead of a stream of events. Raises StartedAnew."""
        texts: list[str] = []
        thoughts: list[str] = []
        self._take("message", body, texts, thoughts)
        if not self.over:
            if self._spoke:
                self._end("stop", texts)
            else:
                self.failure = ModelRubbish(f"What answers at {self._who} sends JSON that holds no reply.")
        chunk = self._chunk(texts, thoughts)
        return chunk and replace(chunk, tokens=_tokens_of(body) or chunk.tokens)

    def _take(self, name: str, payload: bytes, texts: list[str], thoughts: list[str]) -> None:
        if payload == _DONE:
            if self._spoke:
                self._end("stop", texts)
            else:
                self.failure = ModelRubbish(
                    f"The model's server ({self._who}) ended its stream without a reply.",
                )
            return
        try:
            event = orjson.loads(payload)
            choice = event["choices"][0]
            said = choice.get("delta") or choice.get("message") or {}
            text = said.get("content")
            thought = said.get("reasoning_content") or said.get("reasoning")
            reason = choice.get("finish_reason")
        except orjson.JSONDecodeError:
            self.failure = ModelRubbish(
                f"The model's server ({self._who}) sent an event that is broken JSON.",
            )
            return
        except (KeyError, IndexError, TypeError, AttributeError):
            self._take_odd(name, event)
            return
        self._spoke = True
        if text:
            if not isinstance(text, str):
                self.failure = ModelRubbish(f"The model's server ({self._who}) sent a reply that is no text.")
                return
            if self._joint is None:
                texts.append(text)
            else:
                texts.extend(self._joint.take(text))
                if self._joint.settled:
                    self._joint = None
        if isinstance(thought, str):
            thoughts.append(thought)
        if reason is not None:
            timings = event.get("timings")
            self.timings = timings if isinstance(timings, dict) else {}
            self._end(str(reason), texts)

    def _take_odd(self, name: str, event: Any) -> None:
        """An event without a choice: an error, or something of no matter here, such as a count of tokens."""
        error = event.get("error") if isinstance(event, dict) else None
        if error is not None or name == "error":
            self.failure = from_error(event if error is None else error, self._who)
        elif isinstance(event, dict) and event.get("object") == "error":  # vLLM
            self.failure = from_error(event, self._who)
        elif not isinstance(event, dict):
            self.failure = ModelRubbish(
                f"The model's server ({self._who}) sent an event that is no part of a reply.",
            )

    def _end(self, reason: str, texts: list[str]) -> None:
        if self._joint is not None:
            texts.extend(self._joint.end())
            self._joint = None
        self.finish = reason

    def _chunk(self, texts: list[str], thoughts: list[str]) -> Chunk | None:
        texts = self._held + texts
        settled = len(texts)
        while self.finish is None and settled and texts[settled - 1][-1:].isspace():
            settled -= 1
        self._held = texts[settled:]
        if not settled and not thoughts:
            return None
        return Chunk("".join(texts[:settled]), "".join(thoughts), settled)


def _tokens_of(body: bytes) -> int | None:
    """The number of tokens that a whole reply gives for itself."""
    try:
        count = orjson.loads(body)["usage"]["completion_tokens"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return count if isinstance(count, int) else None


def _is_whole(payload: bytes) -> bool:
    """Whether an event without its blank line was complete, as opposed to cut off."""
    if payload == _DONE:
        return True
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return True
