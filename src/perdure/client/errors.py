"""What a call can end in besides its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The server refused a call, or failed at it for longer than the caller is patient.

    The members are those of its problem document (RFC 9457). `saved` says whether what was sent is on the server's
    disk; None where that is not known. `retry_after_s` is in seconds, None where nothing is known.
    """

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(document.get("code") or f"http_{status}")
        self.fault = str(document.get("fault") or ("client" if 400 <= status < 500 else "server"))
        self.title = str(document.get("title") or "The server refused")
        self.detail = str(document.get("detail") or self.title)
        self.remedy = str(document.get("remedy") or "Try again.")
        saved = document.get("saved")
        self.saved = saved if isinstance(saved, bool) else None
        wait = document.get("retry_after_s")
        self.retry_after_s = float(wait) if isinstance(wait, (int, float)) else None
        self.error_id = document.get("error_id")
        super().__init__(f"{self.detail} {self.remedy}")


class Unreachable(ApiError):
    """Nothing answered for longer than the caller is patient. Whether the last request arrived is not known."""

    def __init__(self, base_url: str, waited_s: float, reason: str) -> None:
        detail = f"Perdure did not answer at {base_url} for {waited_s:.0f} s ({reason})."
        remedy = "Check that it runs there, then send the same again: it counts once."
        title = "The server cannot be reached"
        super().__init__(
            0, {"code": "unreachable", "fault": "network", "title": title, "detail": detail, "remedy": remedy}
        )
