"""The one tree of errors: whose fault a failure is, what is safe, and what helps.

Every failure that a person, a client or an operator can meet is one of these classes. A class carries what is always
true of it (code, fault, HTTP status, title, remedy); an instance adds what is true this time (detail, wait, and the
remedy where there is a better one than its kind's). The HTTP layer turns an instance into an RFC 9457 problem document,
a turn keeps it beside its partial text, the command line prints its sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Who has to mend it."""

    SERVER = "server"
    MODEL = "model"
    NETWORK = "network"
    CLIENT = "client"


class PerdureError(Exception):
    """Root of the tree. Only leaves and the four faults are raised.

    `detail` is a sentence for the person who sees it: never a stack trace, a path or a secret.
    `saved` says whether what was sent is on disk. `retry_after_s` is a wait in seconds, None where nothing is known.
    `retry` says whether asking again, unchanged, can help. `remedy` takes the place of the kind's: there is always one.
    """

    code: ClassVar[str] = "error"
    fault: ClassVar[Fault] = Fault.SERVER
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something failed"
    remedy: str = "Try again."
    retry: ClassVar[bool] = False

    def __init__(
        self, detail: str = "", *, saved: bool = False, retry_after_s: float | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.saved = saved
        self.retry_after_s = retry_after_s
        self.remedy = remedy or type(self).remedy


# --- server: Perdure itself or a service it relies on -----------------------------------------------------------


class ServerError(PerdureError):
    code = "internal_error"
    fault = Fault.SERVER
    status = 500
    title = "Perdure made a mistake"
    remedy = "Your earlier messages are safe. Try again; if it stays, give the error id to whoever runs this server."
    retry = True


class StoreUnavailable(ServerError):
    code = "store_unavailable"
    status = 503
    title = "The record cannot be written just now"
    remedy = "Wait a moment and send the same message again: it counts once."


class StoreFull(ServerError):
    code = "store_full"
    status = 507
    title = "The server's disk is full"
    remedy = "Whoever runs this server has to free disk space. What was accepted before is safe."
    retry = False


class TurnSetAside(ServerError):
    code = "turn_set_aside"
    title = "This reply was set aside"
    remedy = "Edit the message and try again; asking unchanged would most likely fail the same way."
    retry = False


# --- model: the backend ---------------------------------------------------------------------------------------


class ModelError(PerdureError):
    code = "model_error"
    fault = Fault.MODEL
    status = 502
    title = "The model failed"
    remedy = "Try again in a moment. What has been written so far is kept."
    retry = True


class ModelUnreachable(ModelError):
    code = "model_unreachable"
    status = 503
    title = "The model's server does not answer"
    remedy = "Wait until it is back; the reply goes on by itself. Whoever runs this server should look at the backend."


class ModelCut(ModelError):
    code = "model_cut"
    title = "The model's stream broke off"


class ModelStalled(ModelError):
    code = "model_stalled"
    status = 504
    title = "The model fell silent"


class ModelOverloaded(ModelError):
    code = "model_overloaded"
    status = 503
    title = "The model is overloaded"
    remedy = "Wait; the reply is tried again by itself."


class ModelBroken(ModelError):
    code = "model_server_error"
    title = "The model's server reported an error"


class ModelRubbish(ModelError):
    code = "model_rubbish"
    title = "The model's server sent something that is no reply"
    remedy = (
        "Check that the address is that of an OpenAI-compatible server: Ollama's ends with :11434/v1, LM Studio's with "
        ":1234/v1."
    )


class ModelRefused(ModelError):
    code = "model_refused"
    title = "The model's server refused the request"
    remedy = "Check the backend's settings (model name, context size, sampler values) and try again."
    retry = False


class ContextTooLong(ModelRefused):
    code = "context_too_long"
    title = "The conversation does not fit into the model's context"
    remedy = "Shorten the character's description or the message, or run the model with a larger context."


class UnknownModel(ModelRefused):
    code = "model_unknown"
    title = "The model's server does not know that model"
    remedy = "Choose a model that the backend lists, in the settings or as `model`."


class ModelKeyRejected(ModelRefused):
    code = "model_key_rejected"
    title = "The model's server rejected the API key"
    remedy = "Enter a valid API key for this backend, in the settings or as `backend_api_key`."


class ModelMissing(ModelError):
    code = "model_missing"
    status = 503
    title = "No model is connected yet"
    remedy = "Let the starter model finish downloading, or start Perdure with --gguf PATH or --backend-url URL."
    retry = True


# --- network: between the parts ---------------------------------------------------------------------------------


class NetworkError(PerdureError):
    code = "network_error"
    fault = Fault.NETWORK
    status = 502
    title = "The connection failed"
    remedy = "Check the connection and try again."
    retry = True


# --- client: what was asked cannot be done as asked ------------------------------------------------------------


class ClientError(PerdureError):
    code = "bad_request"
    fault = Fault.CLIENT
    status = 400
    title = "The request cannot be understood"
    remedy = "Correct the request and send it again."


class Invalid(ClientError):
    code = "invalid"
    status = 422
    title = "Something in the request is not as it should be"


class NotFound(ClientError):
    code = "not_found"
    status = 404
    title = "There is no such thing here"
    remedy = "Check the address; it may have been deleted."


class MethodNotAllowed(ClientError):
    code = "method_not_allowed"
    status = 405
    title = "This address does not do that"


class Conflict(ClientError):
    code = "conflict"
    status = 409
    title = "That id already names something else"
    remedy = "Use a new id for new content."


class TurnInProgress(Conflict):
    code = "turn_in_progress"
    title = "A reply is still being written here"
    remedy = "Wait until the reply has ended, or stop it, then send again."


class TooLarge(ClientError):
    code = "too_large"
    status = 413
    title = "That is larger than this server takes"
    remedy = "Send less at once."


class UnsupportedMedia(ClientError):
    code = "unsupported_media_type"
    status = 415
    title = "That kind of content is not taken here"


class BadCard(ClientError):
    code = "bad_card"
    status = 422
    title = "This file is no character card"
    remedy = "Export the card again as PNG (V2 or V3) or JSON and import that file."


class BadPicture(ClientError):
    code = "bad_picture"
    status = 422
    title = "This picture cannot be used"
    remedy = "Choose a PNG, JPEG or WEBP picture of at most 10 MB."


class TokenRequired(ClientError):
    code = "access_token_required"
    status = 401
    title = "This server asks for its access token"
    remedy = "Enter the access token that whoever runs this server gave you."


class NotAllowedHere(ClientError):
    code = "not_allowed"
    status = 403
    title = "That is not allowed from there"
    remedy = "Open Perdure under the address it prints at its start."


def tree(root: type[PerdureError] = PerdureError) -> Iterator[type[PerdureError]]:
    """Every error of the tree, depth first."""
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def by_code() -> Mapping[str, type[PerdureError]]:
    """The tree by its stable codes. An adapter's private kind of an error goes by the name of the error itself."""
    return {kind.code: kind for kind in reversed(list(tree()))}


def describe(error: PerdureError) -> dict[str, object]:
    """The problem members that are kept with a turn and shown on its message."""
    return {
        "code": error.code,
        "fault": str(error.fault),
        "title": error.title,
        "detail": error.detail,
        "saved": error.saved,
        "remedy": error.remedy,
        "retry_after_s": error.retry_after_s,
    }


def recall(described: Mapping[str, object]) -> PerdureError:
    """The error that `describe` told of; one of an unknown code (from a newer version) is the server's."""
    kind = by_code().get(str(described.get("code")), ServerError)
    wait = described.get("retry_after_s")
    return kind(
        str(described.get("detail") or ""),
        saved=bool(described.get("saved")),
        retry_after_s=float(wait) if isinstance(wait, (int, float)) else None,
        remedy=str(described.get("remedy") or ""),
    )
