"""A failure tells the truth (promise 8): whatever a server sends becomes the error that fits, without secrets."""

from __future__ import annotations

import json
from email.utils import formatdate

import pytest

from perdure.core.errors import (
    ContextTooLong,
    ModelBroken,
    ModelError,
    ModelKeyRejected,
    ModelOverloaded,
    ModelRefused,
    ModelRubbish,
    ModelUnreachable,
    UnknownModel,
)
from perdure.models.failures import from_error, from_status, quotable, wait_of

LLAMA_CONTEXT = {
    "error": {
        "code": 400,
        "message": "request (5031 tokens) exceeds the available context size (2048 tokens), try increasing it",
        "type": "exceed_context_size_error",
    }
}
OPENAI_CONTEXT = {
    "error": {
        "message": "This model's maximum context length is 8192 tokens. Your messages resulted in 9001 tokens.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}
VLLM_CONTEXT = {
    "object": "error",
    "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
    "type": "BadRequestError",
    "code": 400,
}
ANSWERS: list[tuple[int, object, type[ModelError]]] = [
    (429, {"error": {"message": "Rate limit reached"}}, ModelOverloaded),
    (429, {"error": {"message": "You exceeded your quota", "type": "insufficient_quota"}}, ModelRefused),
    (402, {"error": {"message": "Insufficient credits"}}, ModelRefused),
    (503, {"error": {"message": "busy"}}, ModelOverloaded),
    (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, ModelOverloaded),
    (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, ModelUnreachable),
    (500, {"error": {"message": "boom"}}, ModelBroken),
    (502, "<html>Bad Gateway</html>", ModelBroken),
    (504, "", ModelBroken),
    (408, "", ModelBroken),
    (401, {"error": {"message": "Invalid API Key"}}, ModelKeyRejected),
    (403, "", ModelKeyRejected),
    (404, {"error": "model 'x' not found, try pulling it first"}, UnknownModel),
    (404, "<html>nothing here</html>", UnknownModel),
    (400, {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}, UnknownModel),
    (400, LLAMA_CONTEXT, ContextTooLong),
    (400, OPENAI_CONTEXT, ContextTooLong),
    (400, VLLM_CONTEXT, ContextTooLong),
    (400, {"error": {"message": "temperature must be below 2"}}, ModelRefused),
    (422, {"detail": [{"loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}]}, ModelRefused),
    (307, "", ModelRubbish),
]


@pytest.mark.parametrize(("status", "body", "kind"), ANSWERS)
def test_each_answer_has_its_error(status: int, body: object, kind: type[ModelError]) -> None:
    """Status and words decide the class, and with it fault, remedy and whether to try again."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    assert type(from_status(status, {}, data, "box:1234")) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 503, "message": "Loading model", "type": "unavailable_error"}, ModelUnreachable),
        ({"type": "overloaded_error", "message": "Overloaded"}, ModelOverloaded),
        ({"type": "rate_limit_error", "message": "slow down"}, ModelOverloaded),
        ({"type": "exceed_context_size_error", "message": "too long"}, ContextTooLong),
        ({"type": "invalid_request_error", "message": "bad stop"}, ModelRefused),
        ({"code": "invalid_api_key", "message": "no"}, ModelKeyRejected),
        ({"code": 500, "message": "slot failed"}, ModelBroken),
        ("llama runner process has terminated", ModelBroken),
        (None, ModelBroken),
    ],
)
def test_an_error_inside_a_stream_has_its_class(error: object, kind: type[ModelError]) -> None:
    """A stream that began with 200 can still fail in every way."""
    failure = from_error(error, "box:1234")
    assert type(failure) is kind
    assert "answered with" not in failure.detail  # no status was answered


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": formatdate(1_000_030, usegmt=True)}, 30.0),
        ({"Retry-After": formatdate(999_000, usegmt=True)}, 0.0),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after-ms": "1e999"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_what_the_server_asks(headers: dict[str, str], wait_s: float | None) -> None:
    """Seconds, milliseconds or a date; what is none of them is unknown, not a guess."""
    assert wait_of(headers, 1_000_000.0) == wait_s


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        ("Incorrect API key provided: sk-abcdef1234567890", "abcdef1234567890"),
        ("cannot open /var/lib/models/secret.gguf", "/var/lib"),
        (r"cannot open C:\models\secret.gguf", "models"),
        ("proxy http://anna:pw123@proxy:3128 failed", "pw123"),
        ("header was Bearer abc.def", "abc.def"),
        ('Traceback (most recent call last): File "x.py"', "x.py"),
    ],
)
def test_details_hold_no_secrets(said: str, secret: str) -> None:
    """A server's words are shown to people: never with keys, credentials, paths or stack traces."""
    assert secret not in quotable(said)
    assert secret not in from_status(500, {}, json.dumps({"error": {"message": said}}).encode(), "box:1234").detail


def test_details_are_short() -> None:
    """A page of upstream words is no sentence."""
    assert len(quotable("word " * 500)) == 200
