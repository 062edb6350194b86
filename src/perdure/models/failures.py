"""What went wrong at a backend, as one of the tree's `ModelError`s.

Servers agree on little here, so this reads whatever they send: OpenAI's `{"error": {…}}`, Ollama's `{"error": "…"}`,
FastAPI's `{"detail": …}`, plain text, a proxy's HTML. What of it reaches a person is cut short and holds neither paths
nor secrets.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson

from perdure.core.errors import (
    BackendNameUnresolved,
    BackendTlsFailed,
    ContextTooLong,
    ModelBroken,
    ModelCut,
    ModelError,
    ModelKeyRejected,
    ModelOutOfMemory,
    ModelOverloaded,
    ModelRefused,
    ModelRubbish,
    ModelUnreachable,
    NetworkError,
    UnknownModel,
)
from perdure.core.retry_after import retry_after_s

_CONTEXT = re.compile(
    r"exceed_context_size|context_length_exceeded|context (length|window|size)|maximum context|too many tokens"
    r"|prompt is too long|exceeds? the (available|model'?s?) context",
    re.IGNORECASE,
)
_UNKNOWN_MODEL = re.compile(
    r"model_not_found|model\b.{0,80}\b(not found|does not exist)|unknown model",
    re.IGNORECASE,
)
_KEY = re.compile(r"invalid_api_key|authentication_error|permission_error|incorrect api key", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient_quota|billing", re.IGNORECASE)
_MEMORY = re.compile(r"out of memory|\bOOM\b|cudaMalloc|failed to allocate|requires more system memory", re.IGNORECASE)
_BUSY = re.compile(r"overloaded|rate_?limit|too many requests|unavailable_error|at capacity", re.IGNORECASE)
_LOADING = re.compile(r"loading model", re.IGNORECASE)
_BROKEN = re.compile(r"server_error|internal_error|api_error|internal server error", re.IGNORECASE)
_SAMPLER = re.compile(r"\b(temperature|top_p|top_k|min_p|repeat_penalty|seed)\b")
_UNSUPPORTED = re.compile(
    r"unrecogni[sz]ed|unknown|unsupported|unexpected|not (supported|permitted|allowed)|does not support|extra",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?:[A-Za-z]:\\|(?<![\w/:])~?/)[^\s'\",;:]*[/\\][^\s'\",;:]*")
_SECRET = re.compile(r"\b(?:sk|key|hf|gsk|xai)[-_][\w-]{6,}|(?<=://)[^/\s@]+@|Bearer\s+\S+", re.IGNORECASE)
_QUOTE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a server says of a failure, in its own words: `kind` joins whatever it gives as code and type."""

    message: str = ""
    kind: str = ""
    status: int | None = None

    @property
    def words(self) -> str:
        return f"{self.kind} {self.message}"


def complaint_of(body: bytes | object) -> Complaint:
    """The complaint in an answer's body, or in the value of an event's `error`."""
    value: object = body
    if isinstance(body, bytes):
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            text = body.decode("utf-8", "replace").strip()
            return Complaint("" if text.startswith("<") else text)
    if isinstance(value, list) and value:  # Google wraps the document into a list
        value = value[0]
    if not isinstance(value, Mapping):
        return Complaint(value if isinstance(value, str) else "")
    inner = value.get("error", value)
    if not isinstance(inner, Mapping):
        return Complaint(str(inner))
    message = inner.get("message") or inner.get("detail") or inner.get("error") or ""
    if not isinstance(message, str):
        message = orjson.dumps(message).decode()
    status = inner.get("code", inner.get("status_code"))
    kind = " ".join(str(inner[key]) for key in ("code", "type", "status", "param") if inner.get(key) is not None)
    return Complaint(message, kind, status if isinstance(status, int) and 400 <= status < 600 else None)


def unknown_sampler(words: str) -> set[str]:
    """The sampler settings that a server complains not to know, or not for this model."""
    return set(_SAMPLER.findall(words)) if _UNSUPPORTED.search(words) else set()


def quotable(message: str) -> str:
    """A server's words, fit for a person's eyes: one short line without paths and secrets."""
    line = " ".join(message.split())
    if "Traceback" in line:
        return ""
    line = _SECRET.sub("…", _PATH.sub("…", line))
    return line if len(line) <= _QUOTE_CHARS else line[: _QUOTE_CHARS - 1] + "…"


def wait_of(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a server asks to wait, by `Retry-After` or OpenAI's `retry-after-ms`; None where it does not say.

    `now` is in Unix seconds.
    """
    try:
        wait_s = float(headers["retry-after-ms"]) / 1000
    except (KeyError, ValueError):
        return retry_after_s(headers.get("Retry-After"), now)
    return max(0.0, wait_s) if math.isfinite(wait_s) else None


def from_status(status: int, headers: Mapping[str, str], body: bytes, who: str) -> ModelError:
    """The error for an answer that is not 200. `who` names the backend in the sentence."""
    complaint = complaint_of(body)
    happened = f"The model's server ({who}) answered with {status}."
    return _judge(status, complaint, who, happened, wait_of(headers, time.time()))


def from_error(error: object, who: str) -> ModelError:
    """The error for an `error` inside a stream, or in a 200 answer that holds no reply."""
    complaint = complaint_of(error)
    status = complaint.status or _status_by_words(complaint.words)
    return _judge(status, complaint, who, f"The model's server ({who}) reported an error.", None)


def from_client_error(error: Exception, who: str) -> ModelError | NetworkError:
    """The error for an exception of aiohttp or of the socket below it: the model's, or that of the way to it."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return BackendNameUnresolved(f"The name of the model's server ({who}) cannot be resolved.")
        case aiohttp.ClientSSLError():
            return BackendTlsFailed(f"No trusted TLS connection to the model's server ({who}) can be made.")
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError() | aiohttp.ClientProxyConnectionError():
            return ModelUnreachable(
                f"No connection to the model's server ({who}) can be made.",
                remedy="Start the model's server, and check the address and its port. On another machine it has to "
                "listen for others, too. Replies go on by themselves when it is back.",
            )
        case aiohttp.ClientResponseError() | aiohttp.InvalidURL():
            return ModelRubbish(f"What answers at {who} does not speak HTTP as a model's server does.")
        case TimeoutError():
            return ModelUnreachable(
                f"The model's server ({who}) does not accept connections in time.",
                remedy="Check the address, whether that machine is switched on, and whether a firewall is in between.",
            )
        case _:
            return ModelCut(f"The connection to the model's server ({who}) broke off.")


def _status_by_words(words: str) -> int:
    """The HTTP status that an error within a 200 answer would have had; 500 where its words say nothing."""
    for pattern, status in (
        (_CONTEXT, 400),
        (_KEY, 401),
        (_UNKNOWN_MODEL, 404),
        (_BUSY, 429),
        (_BROKEN, 500),
    ):
        if pattern.search(words):
            return status
    return 400 if "invalid_request" in words else 500


def _judge(status: int, complaint: Complaint, who: str, happened: str, wait_s: float | None) -> ModelError:
    words = complaint.words
    said = quotable(complaint.message)
    told = f" It says: {said}" if said else ""
    answered = happened + told
    if status < 400:
        return ModelRubbish(
            f"The model's server ({who}) sends requests elsewhere ({status}); use the address it means.",
        )
    if status in (400, 413, 422, 500) and _CONTEXT.search(words):
        return ContextTooLong(f"The conversation is longer than the model at {who} can read.{told}")
    if status >= 500 and _MEMORY.search(words):
        return ModelOutOfMemory(answered, retry_after_s=wait_s)
    if status == 503 and _LOADING.search(words):
        return ModelUnreachable(
            f"The model's server ({who}) is still loading its model.",
            retry_after_s=wait_s,
        )
    if status == 402 or (status == 429 and _QUOTA.search(words)):
        return ModelRefused(f"The account at {who} has no credit left.{told}")
    if status in (429, 503, 529):
        return ModelOverloaded(answered, retry_after_s=wait_s)
    if status >= 500 or status in (408, 425):
        return ModelBroken(answered, retry_after_s=wait_s)
    if status in (401, 403):
        return ModelKeyRejected(f"The model's server ({who}) rejected the API key or wants one ({status}).")
    if status == 404 and not said:
        return UnknownModel(
            f"The model's server ({who}) answered with 404: its address or the model's name is wrong.",
        )
    if status == 404 or _UNKNOWN_MODEL.search(words):
        return UnknownModel(answered)
    return ModelRefused(answered)
