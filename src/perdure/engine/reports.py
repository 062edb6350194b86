"""What people report to the operator of a message that went wrong."""

from __future__ import annotations

from perdure.core.errors import Conflict, Invalid, NotFound
from perdure.core.records import Message, Report, Role
from perdure.core.views import attempt_views
from perdure.engine.life import reply_text
from perdure.ports.store import Records


def put_report(
    records: Records, report_id: str, message_id: str, comment: str, include_text: bool, now: float
) -> tuple[bool, Report]:
    """A report of a reply: its error, its attempts, and with `include_text` what was said. Returns whether it is new.

    Raises NotFound, Invalid for what is no reply, and Conflict where the id names another report.
    """
    message = records.messages.get(message_id)
    if message is None:
        raise NotFound("There is no message with this id.")
    if message.role is not Role.CHARACTER or message.turn_id is None:
        raise Invalid("Only a reply can be reported: message_id has to be the id of one.")
    known = records.reports.get(report_id)
    if known is not None:
        if (known.message_id, known.comment, known.text is not None) != (message_id, comment, include_text):
            raise Conflict("A report with this id and another content exists already.")
        return False, known
    report = Report(
        id=report_id,
        chat_id=message.chat_id,
        message_id=message.id,
        turn_id=message.turn_id,
        error=message.error,
        attempts=attempt_views(records.turns.attempts(message.turn_id)),
        comment=comment,
        text=_said(records, message) if include_text else None,
        created_at=now,
    )
    records.reports.add(report)
    return True, report


def _said(records: Records, message: Message) -> str:
    """The reply, behind what it replies to."""
    asked = records.messages.get(message.parent_id) if message.parent_id else None
    turn = records.turns.get(message.turn_id) if message.turn_id else None
    reply = message.text or (reply_text(records, turn) if turn else "")
    lines = [f"{asked.author_name}: {asked.text}"] if asked else []
    return "\n\n".join([*lines, f"{message.author_name}: {reply}"])
