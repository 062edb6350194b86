"""The one tree of errors: whose fault a failure is, what is safe, and what helps.

Every failure that a person, a client or an operator can meet is one of these classes. A class carries what is always
true of it (code, fault, HTTP status, title, causes, remedy); an instance adds what is true this time (detail, wait, and
the remedy where there is a better one than its kind's). The HTTP layer turns an instance into an RFC 9457 problem
document, a turn keeps it beside its partial text, the command line prints its sentence, the Python client raises it
again, and `/help/errors` explains all of them. The four faults have a module each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perdure.core.errors.base import Fault, Mender, PerdureError
from perdure.core.errors.client import (
    BadCard,
    BadPicture,
    ClientError,
    Conflict,
    Invalid,
    MethodNotAllowed,
    NotAllowedHere,
    NotFound,
    OutdatedPage,
    TokenRequired,
    TooFast,
    TooLarge,
    TurnInProgress,
    UnsupportedMedia,
)
from perdure.core.errors.model import (
    ContextTooLong,
    ModelBroken,
    ModelCut,
    ModelError,
    ModelKeyRejected,
    ModelMissing,
    ModelOutOfMemory,
    ModelOverloaded,
    ModelRefused,
    ModelRubbish,
    ModelStalled,
    ModelUnreachable,
    UnknownModel,
)
from perdure.core.errors.network import (
    BackendNameUnresolved,
    BackendTlsFailed,
    CaptivePortal,
    ConnectionCut,
    ConnectionRefused,
    NameUnresolved,
    NetworkError,
    NoAnswer,
    Offline,
    ProxyInTheWay,
    TlsFailed,
    Unreachable,
)
from perdure.core.errors.server import (
    DeskUnavailable,
    IntakePaused,
    Overloaded,
    Restarting,
    ServerError,
    ServiceFailed,
    StoreFull,
    StoreUnavailable,
    TurnSetAside,
)

__all__ = [
    "BackendNameUnresolved",
    "BackendTlsFailed",
    "BadCard",
    "BadPicture",
    "CaptivePortal",
    "ClientError",
    "Conflict",
    "ConnectionCut",
    "ConnectionRefused",
    "ContextTooLong",
    "DeskUnavailable",
    "Fault",
    "IntakePaused",
    "Invalid",
    "Mender",
    "MethodNotAllowed",
    "ModelBroken",
    "ModelCut",
    "ModelError",
    "ModelKeyRejected",
    "ModelMissing",
    "ModelOutOfMemory",
    "ModelOverloaded",
    "ModelRefused",
    "ModelRubbish",
    "ModelStalled",
    "ModelUnreachable",
    "NameUnresolved",
    "NetworkError",
    "NoAnswer",
    "NotAllowedHere",
    "NotFound",
    "Offline",
    "OutdatedPage",
    "Overloaded",
    "PerdureError",
    "ProxyInTheWay",
    "Restarting",
    "ServerError",
    "ServiceFailed",
    "StoreFull",
    "StoreUnavailable",
    "TlsFailed",
    "TokenRequired",
    "TooFast",
    "TooLarge",
    "TurnInProgress",
    "TurnSetAside",
    "UnknownModel",
    "Unreachable",
    "UnsupportedMedia",
    "by_code",
    "describe",
    "page_of",
    "recall",
    "tree",
]

_ROOTS: Mapping[str, type[PerdureError]] = {
    kind.fault: kind for kind in (ServerError, ModelError, NetworkError, ClientError)
}


def tree(root: type[PerdureError] = PerdureError) -> Iterator[type[PerdureError]]:
    """Every error of the tree, depth first."""
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def by_code() -> Mapping[str, type[PerdureError]]:
    """The tree by its stable codes. An adapter's private kind of an error goes by the name of the error itself."""
    return {kind.code: kind for kind in reversed(list(tree()))}


def page_of(kind: type[PerdureError]) -> str:
    """The path of the page that explains it, which Perdure serves itself: the `type` of its problem documents."""
    return f"/help/errors/{kind.code}"


def describe(error: PerdureError) -> dict[str, object]:
    """The problem members that are kept with a turn and shown on its message."""
    return {
        "type": page_of(type(error)),
        "code": error.code,
        "fault": str(error.fault),
        "title": error.title,
        "verdict": error.verdict,
        "detail": error.detail,
        "saved": error.saved,
        "remedy": error.remedy,
        "avoid": error.avoid,
        "retry_after_s": error.retry_after_s,
        "incident": error.incident,
        "error_id": error.error_id,
    }


def recall(described: Mapping[str, object], http_status: int | None = None) -> PerdureError:
    """The error that `describe` told of, on record or in a problem document that came with `http_status`.

    One of an unknown code (from a newer version) is its fault's; of an unknown fault, the server's.
    """
    kind = by_code().get(str(described.get("code"))) or _ROOTS.get(str(described.get("fault")), ServerError)
    saved, wait, error_id = described.get("saved"), described.get("retry_after_s"), described.get("error_id")
    incident = described.get("incident")
    error = kind(
        str(described.get("detail") or ""),
        saved=saved if isinstance(saved, bool) else None,
        retry_after_s=float(wait) if isinstance(wait, (int, float)) else None,
        remedy=str(described.get("remedy") or ""),
        error_id=error_id if isinstance(error_id, str) else None,
        http_status=http_status,
    )
    error.incident = incident if isinstance(incident, str) else None
    return error
