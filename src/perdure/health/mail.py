"""Tells a notice by e-mail, through the SMTP server that the operator named. Blocks: call it in a thread."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from perdure.core.notices import Notice
from perdure.health.webhook import WITHIN_S, NotTold


def send(smtp_url: str, sender: str, receiver: str, notice: Notice) -> None:
    """Send it. `smtp_url` is `smtp://user:password@host:port` (with STARTTLS where the server offers it) or `smtps://…`.

    Raises NotTold.
    """
    parts = urlsplit(smtp_url)
    host, context = parts.hostname or "localhost", ssl.create_default_context()
    try:
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=WITHIN_S, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=WITHIN_S)
        with server:
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(_message(sender, receiver, notice))
    except (smtplib.SMTPException, OSError) as error:
        raise NotTold(f"{host} did not take the mail ({type(error).__name__})") from error


def _message(sender: str, receiver: str, notice: Notice) -> EmailMessage:
    """A plain text; that of one incident is one thread."""
    message = EmailMessage()
    message["From"], message["To"] = sender, receiver
    # A header has no lines of its own: what somebody has put into a title does not add one.
    message["Subject"] = " ".join(f"[Perdure] {notice.subject}".split())[:200]
    message["Date"] = formatdate(notice.at)
    message["Message-ID"] = f"<{notice.id}@perdure>"
    if not notice.id.endswith("-broken"):
        message["In-Reply-To"] = message["References"] = f"<{notice.incident_id}-broken@perdure>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.text)
    return message
