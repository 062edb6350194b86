"""The root of the tree, and what every error says of itself."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Whose fault it is. The values are part of the HTTP contract."""

    SERVER = "server"
    MODEL = "model"
    NETWORK = "network"
    CLIENT = "client"


class Mender(StrEnum):
    """Who can do something about it, in words that end a sentence."""

    NOBODY = "nobody has to: it mends itself"
    USER = "whoever sees it"
    OPERATOR = "whoever runs this server"
    PROVIDER = "whoever runs the model's server"


class PerdureError(Exception):
    """Root of the tree. Only leaves and the four faults are raised.

    Of a kind is always true: `verdict`, whose fault it is, in the same sentence for all faces of one failure; `causes`,
    the likely ones, the likeliest first; `mender`; `avoid`, what makes it worse, empty where nothing does; `kept`, what
    is safe; `retry`, whether asking again unchanged can help; and `away`, whether the backend is to be waited for.

    Of an instance: `detail`, a sentence for the person who sees it: never a stack trace, a path or a secret. `saved`,
    whether what was sent is on disk; None where that is not known, which only a client can say. `retry_after_s`, a wait
    in seconds, None where nothing is known. `incident` is the id of what is known to be broken, where that is the
    reason. `remedy` takes the place of the kind's: there is always one. `error_id` is what the log has it under, once
    somebody has logged it. `http_status` is what a client was answered with, None where
    no HTTP answer was.
    """

    code: ClassVar[str] = "error"
    fault: ClassVar[Fault] = Fault.SERVER
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something failed"
    verdict: ClassVar[str] = "Something failed, and it is not known where."
    remedy: str = "Try again."
    retry: ClassVar[bool] = False
    away: ClassVar[bool] = False
    causes: ClassVar[tuple[str, ...]] = ("Something that nobody has given a name yet.",)
    mender: ClassVar[Mender] = Mender.OPERATOR
    avoid: ClassVar[str] = ""
    kept: ClassVar[str] = "What is shown as sent is on the server's disk."

    def __init__(
        self,
        detail: str = "",
        *,
        saved: bool | None = False,
        retry_after_s: float | None = None,
        remedy: str | None = None,
        error_id: str | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.saved = saved
        self.retry_after_s = retry_after_s
        self.incident: str | None = None
        self.remedy = remedy or type(self).remedy
        self.error_id = error_id
        self.http_status = http_status
