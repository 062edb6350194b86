"""An edit: a new message beside the old one, which stays as it is (promise 6)."""

from __future__ import annotations

from dataclasses import dataclass

from perdure.core.errors import Invalid, NotFound
from perdure.core.records import Message, Role, TurnSettings
from perdure.core.turn import State
from perdure.engine.intake import Accepted, chat_of, repeated, take_in
from perdure.engine.tree import placed, shown_message
from perdure.ports.store import Records


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` in the place of the message `beside`. `reply` None means: where the user's words were edited."""

    message_id: str
    text: str
    beside: str
    reply: bool | None
    settings: TurnSettings


def put_beside(records: Records, chat_id: str, edit: Edit, now: float) -> Accepted:
    """A sibling of a message, with its role and its author; behind a user's also the turn that replies to it.

    Raises NotFound for what is unknown or hidden, Invalid where somebody is asked to reply to a reply, and Conflict
    where the id names other content.
    """
    chat = chat_of(records, chat_id)
    known = records.messages.get(edit.message_id)
    if known is not None:
        return _again(records, chat_id, known, edit)
    old = shown_message(records, chat, edit.beside, "the id `beside`")
    reply = _wants_reply(edit, old)
    parent = None if old.parent_id is None else records.messages.get(old.parent_id)
    message = Message(edit.message_id, chat.id, old.parent_id, old.role, old.author, old.author_name, edit.text, now)
    return take_in(records, chat, placed(message, parent, records.messages.node), edit.settings if reply else None, now)


def _wants_reply(edit: Edit, old: Message) -> bool:
    users = old.role is Role.USER
    if edit.reply and not users:
        raise Invalid(
            "reply: this is beside a message of a character, which nobody replies to by itself.",
            remedy="Send `reply` as false, or say something behind the new message.",
        )
    return users if edit.reply is None else edit.reply


def _again(records: Records, chat_id: str, known: Message, edit: Edit) -> Accepted:
    """The answer to a repetition, also where the old message was deleted meanwhile."""
    old = records.messages.get(edit.beside)
    if old is None or old.chat_id != chat_id:
        raise NotFound("There is no message with the id `beside` in this chat.")
    same = (known.parent_id, known.role, known.author) == (old.parent_id, old.role, old.author)
    return repeated(records, known, chat_id, edit.text, same and known.state is State.DONE, _wants_reply(edit, old))
