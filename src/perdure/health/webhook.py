"""Tells a notice to a webhook, signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlsplit

import aiohttp
import orjson

from perdure.core.notices import Notice
from perdure.statuspage.words import instant

WITHIN_S = 15.0


class NotTold(Exception):
    """It could not be told; the text says why, without secrets."""


async def post(session: aiohttp.ClientSession, url: str, secret: str, notice: Notice, now: float) -> None:
    """Send it. Raises NotTold for anything but a 2xx; a redirect is none: nobody is led elsewhere."""
    body = orjson.dumps(
        {
            "type": f"incident.{notice.kind}",
            "timestamp": instant(notice.at),
            "data": {"incident": notice.incident_id, "subject": notice.subject, "text": notice.text},
        }
    )
    headers = {"Content-Type": "application/json", **signed(notice.id, body, secret, int(now))}
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    try:
        async with session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False) as answer:
            if not 200 <= answer.status < 300:
                raise NotTold(f"{urlsplit(url).hostname} answered with status {answer.status}")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise NotTold(f"{urlsplit(url).hostname} could not be reached ({type(error).__name__})") from error


def signed(notice_id: str, body: bytes, secret: str, at: int) -> dict[str, str]:
    """The headers by which the receiver knows who has sent it, and that it is no repetition of an old one.

    `secret` is `whsec_` and base64, or anything else, which is then taken as it is.
    """
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    digest = hmac.new(key, f"{notice_id}.{at}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": notice_id, "webhook-timestamp": str(at), "webhook-signature": signature}
