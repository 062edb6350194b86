"""Which branch is shown, and what is taken out of sight: head, deletion, and its undoing.

Nothing is erased here (promise 6). Each function is one transaction; its repetition changes nothing (promise 7).
"""

from __future__ import annotations

from perdure.core.errors import NotFound, TurnInProgress
from perdure.core.records import Chat, Message
from perdure.engine.intake import chat_of
from perdure.engine.news import head_news, hidden_news
from perdure.engine.tree import is_shown, shown_message, within
from perdure.ports.store import Records


def put_head(records: Records, chat_id: str, message_id: str, leaf: bool, now: float) -> Chat:
    """Let the branch that is shown end at the message, or with `leaf` lead through it on to the newest one below it.

    A reply that is being written elsewhere goes on there. Raises NotFound for what is unknown or hidden.
    """
    chat = chat_of(records, chat_id)
    message = shown_message(records, chat, message_id)
    head = records.messages.newest_within(chat.id, message.id) if leaf else message.id
    return _moved(records, chat, head, now)


def hide(records: Records, chat_id: str, message_id: str, now: float) -> Chat:
    """Delete a message and so all below it: they are out of sight, and still there.

    Where the head was among them, it moves to the newest message through the nearest sibling, or else to the parent.
    Raises NotFound, and TurnInProgress while a reply at or below the message is being written.
    """
    chat = chat_of(records, chat_id)
    message = records.messages.get(message_id)
    if message is not None and message.chat_id == chat.id and message.hidden_at is not None:
        return chat
    message = shown_message(records, chat, message_id)
    if is_busy(records, message):
        raise TurnInProgress(
            "A reply at this message or below it is still being written.",
            remedy="Stop the reply first, or wait until it has ended; then delete the message.",
        )
    lost = chat.head_id is not None and within(records, records.messages.node(chat.head_id), message)
    instead = _instead_of(records, chat, message) if lost else chat.head_id
    records.messages.hide(message.id, chat.head_id if lost else None, now)
    records.events.add([hidden_news(message, True)], now)
    return _moved(records, chat, instead, now)


def restore(records: Records, chat_id: str, message_id: str, now: float) -> Chat:
    """Undo a deletion: the message and all that it hid are back, and the head is where it was then, if that is shown.

    What was deleted by itself further down stays so. Raises NotFound for what is unknown or below another deletion.
    """
    chat = chat_of(records, chat_id)
    message = records.messages.get(message_id)
    if message is None or message.chat_id != chat.id:
        raise NotFound("There is no message with this id in this chat.")
    if message.hidden_at is None and is_shown(records, chat, message):
        return chat
    parent = None if message.parent_id is None else records.messages.get(message.parent_id)
    if message.hidden_at is None or (parent is not None and not is_shown(records, chat, parent)):
        raise NotFound(
            "The message was deleted together with one above it.",
            remedy="Bring back the message above it that was deleted first.",
        )
    head_before = records.messages.head_before(message.id)
    records.messages.show(message.id)
    records.events.add([hidden_news(message, False)], now)
    return _moved(records, chat, _head_again(records, chat, message, head_before), now)


def is_busy(records: Records, message: Message) -> bool:
    """Whether a reply at the message or below it is being written, or waits for that."""
    replies = (records.messages.node(turn.message_id) for turn in records.turns.unfinished(message.chat_id))
    return any(within(records, reply, message) for reply in replies)


def _instead_of(records: Records, chat: Chat, message: Message) -> str | None:
    """Where the head goes when `message` is taken away from over it."""
    siblings = records.messages.siblings(chat.id, [message.parent_id])[message.parent_id]
    place = siblings.index(message.id)
    beside = [*siblings[place - 1 : place], *siblings[place + 1 : place + 2]]
    return records.messages.newest_within(chat.id, beside[0]) if beside else message.parent_id


def _head_again(records: Records, chat: Chat, restored: Message, head_before: str | None) -> str | None:
    """Where the head goes when `restored` is shown again."""
    before = None if head_before is None else records.messages.get(head_before)
    if before is not None and is_shown(records, chat, before):
        return before.id
    return chat.head_id or records.messages.newest_within(chat.id, restored.id)


def _moved(records: Records, chat: Chat, head_id: str | None, now: float) -> Chat:
    """The chat with its head there; nothing happens where it is already."""
    if head_id == chat.head_id:
        return chat
    records.chats.move_head(chat.id, head_id, now)
    records.events.add([head_news(chat.id, head_id)], now)
    return chat_of(records, chat.id)
