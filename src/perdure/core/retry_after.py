"""`Retry-After`: how long somebody asks us to wait."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime


def retry_after_s(value: str | None, now: float) -> float | None:
    """Seconds to wait by the header's value (RFC 9110, section 10.2.3: seconds or a date); None where it does not say.

    `now` is in Unix seconds.
    """
    if value is None:
        return None
    try:
        number = value.strip().replace(".", "", 1).isdecimal()
        wait_s = float(value) if number else parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return max(0.0, wait_s) if math.isfinite(wait_s) else None
