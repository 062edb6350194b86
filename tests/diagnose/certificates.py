"""Certificates made on the spot, right and wrong."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import trustme

CA = trustme.CA()
STRANGER = trustme.CA()
NOW = datetime.now(UTC)


def server(
    name: str, authority: trustme.CA = CA, begins: timedelta = timedelta(days=-30), ends: timedelta = timedelta(days=60)
) -> ssl.SSLContext:
    """What a server shows; times are from now."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_before=NOW + begins, not_after=NOW + ends).configure_cert(context)
    return context


def trust() -> ssl.SSLContext:
    """What a client trusts: one authority."""
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context
