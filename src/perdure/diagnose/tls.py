"""TLS: whether it can be made, and where not, what is wrong with the certificate, the port, or this machine's clock."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from perdure.core.diagnosis import Observation, Sign, Step
from perdure.diagnose.errors import Stopped
from perdure.diagnose.way import Way

SOON_DAYS = 14
"""How long before its end a certificate's end is worth telling."""

CLOCK_S = 300
"""By how much two clocks may differ, in seconds."""

_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python gives no name."""

# OpenSSL's X509_V_ERR_*, from x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
)


@dataclass(frozen=True, slots=True)
class _Certificate:
    names: tuple[str, ...]
    issuer: str
    begins_at: datetime
    ends_at: datetime


async def examine(way: Way) -> Observation:
    """Make the connection once and tell of its certificate. Raises Stopped where it cannot be made."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    try:
        async with way.open() as (_, writer):
            took_s = loop.time() - began_at
            spoken, shown = writer.get_extra_info("ssl_object").version(), writer.get_extra_info("peercert")
    except ssl.SSLCertVerificationError as error:
        sign, told = await _about_certificate(way, error)
        raise Stopped(Observation(Step.TLS, told, sign, loop.time() - began_at)) from error
    except (OSError, TimeoutError) as error:
        sign, told = await _about_failure(way, error)
        raise Stopped(Observation(Step.TLS, told, sign, loop.time() - began_at)) from error
    certificate = _read(shown)
    days = (certificate.ends_at - datetime.now(UTC)).days
    told = (
        f"{spoken}; the certificate is for {_some(certificate.names)}, by {certificate.issuer}, for {days} more days."
    )
    return Observation(Step.TLS, told, Sign.CERTIFICATE_EXPIRES_SOON if days < SOON_DAYS else None, took_s)


async def _about_failure(way: Way, error: Exception) -> tuple[Sign, str]:
    reason = getattr(error, "reason", None) or ""
    if reason in _NOT_TLS or await _answers_without(way):
        return Sign.NO_TLS_HERE, "That port speaks no TLS: it is one for http://."
    if isinstance(error, TimeoutError):
        return Sign.TLS_SILENT, f"The connection stands, but no TLS came within {way.timeout_s:.0f} s."
    if isinstance(error, ssl.SSLEOFError | ConnectionError):
        return Sign.TLS_CUT, "The connection was closed in the middle of making it secure."
    return Sign.TLS_FAILED, f"It could not be made secure ({reason.replace('_', ' ').lower() or 'no reason is known'})."


async def _answers_without(way: Way) -> bool:
    """Whether plain HTTP is answered on the same port."""
    try:
        async with way.plain().open() as (reader, writer), asyncio.timeout(min(way.timeout_s, 2)):
            writer.write(f"HEAD / HTTP/1.1\r\nHost: {way.target.authority}\r\nConnection: close\r\n\r\n".encode())
            return await reader.readexactly(5) == b"HTTP/"
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False


async def _about_certificate(way: Way, error: ssl.SSLCertVerificationError) -> tuple[Sign, str]:
    try:
        certificate, there_at = await _look_at(way)
    except (OSError, TimeoutError, Stopped):
        return Sign.TLS_FAILED, f"The certificate is not accepted: {error.verify_message}."
    now = datetime.now(UTC)
    ends, begins = f"{certificate.ends_at:%Y-%m-%d}", f"{certificate.begins_at:%Y-%m-%d}"
    off_s = (now - there_at).total_seconds() if there_at else 0.0
    if error.verify_code in (_NOT_YET_VALID, _EXPIRED):
        if there_at and abs(off_s) > CLOCK_S and certificate.begins_at <= there_at <= certificate.ends_at:
            return Sign.CLOCK_WRONG, (
                f"This machine's clock is {_apart(off_s)} of the server's: by that one the certificate is valid "
                f"({begins} to {ends})."
            )
        if error.verify_code == _EXPIRED:
            return Sign.CERTIFICATE_EXPIRED, f"The certificate (or one above it) has expired; its own end is {ends}."
        return Sign.CERTIFICATE_NOT_YET_VALID, f"The certificate is not valid before {begins}."
    if error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        told = f"The certificate is for {_some(certificate.names)}, and not for {way.target.host}."
        return Sign.CERTIFICATE_NAME, told
    told = f"Nobody whom this machine trusts has signed the certificate (it says: {certificate.issuer})."
    return Sign.CERTIFICATE_UNTRUSTED, told


async def _look_at(way: Way) -> tuple[_Certificate, datetime | None]:
    """The certificate that was not accepted, and the time that its server believes it is.

    Nothing is said to that server but a HEAD for its root. Python reads a certificate's fields only where it was
    accepted, so it is accepted in a second connection, for that.
    """
    unasked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unasked.check_hostname = False
    unasked.verify_mode = ssl.CERT_NONE
    async with way.open(unasked) as (reader, writer):
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        there_at = await _date(way, reader, writer)
    accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    accepting.check_hostname = False
    accepting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    accepting.load_verify_locations(cadata=der)
    async with way.open(accepting) as (_, writer):
        return _read(writer.get_extra_info("peercert")), there_at


async def _date(way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> datetime | None:
    writer.write(f"HEAD / HTTP/1.1\r\nHost: {way.target.authority}\r\nConnection: close\r\n\r\n".encode())
    try:
        async with asyncio.timeout(min(way.timeout_s, 2)):
            head = await reader.readuntil(b"\r\n\r\n")
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "date":
            return moment(value)
    return None


def moment(value: str) -> datetime | None:
    """A Date header's value, None where it is none."""
    try:
        parsed = parsedate_to_datetime(value.strip())
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _read(shown: Any) -> _Certificate:
    """From Python's dictionary of a certificate's fields."""
    names = tuple(value for kind, value in shown.get("subjectAltName", ()) if kind in ("DNS", "IP Address"))
    issuer = {key: value for parts in shown.get("issuer", ()) for key, value in parts}
    by = issuer.get("organizationName") or issuer.get("commonName") or "nobody that is named"
    begins, ends = (ssl.cert_time_to_seconds(shown[key]) for key in ("notBefore", "notAfter"))
    return _Certificate(names, by, datetime.fromtimestamp(begins, UTC), datetime.fromtimestamp(ends, UTC))


def _some(names: tuple[str, ...]) -> str:
    if not names:
        return "no name"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _apart(off_s: float) -> str:
    """ "3 days ahead"."""
    size, unit = next(
        (size, unit)
        for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "s"))
        if abs(off_s) >= size
    )
    return f"{abs(off_s) / size:.0f} {unit} {'ahead' if off_s > 0 else 'behind'}"
