"""Finding one's way in a chat's tree: new places, ancestors, and what is shown of it.

A message is shown unless it, or one above it, was deleted. Only those that were deleted themselves carry a mark, so the
question takes a look upwards; but all messages on the shown branch are shown, and nearly everything happens there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from perdure.core.ancestry import Placed, ancestor_at, is_within, place_below
from perdure.core.errors import NotFound
from perdure.core.records import Chat, Message
from perdure.ports.store import Records


def placed(message: Message, parent: Message | None, look_up: Callable[[str], Placed]) -> Message:
    """The message at its place below `parent`. Looks up one other node at most."""
    depth, jump_id = place_below(parent, look_up)
    return replace(message, depth=depth, jump_id=jump_id)


def ancestor(records: Records, node: Placed, depth: int) -> Placed:
    """The ancestor of `node` at `depth`, or itself."""
    return ancestor_at(node, depth, records.messages.node)


def within(records: Records, node: Placed, top: Placed) -> bool:
    """Whether `node` is `top` or stands below it."""
    return is_within(node, top, records.messages.node)


def on_branch(records: Records, chat: Chat, message: Placed) -> bool:
    """Whether the branch that is shown leads through the message."""
    return chat.head_id is not None and within(records, records.messages.node(chat.head_id), message)


def is_shown(records: Records, chat: Chat, message: Message) -> bool:
    """Whether the message is neither deleted nor below one that is."""
    if message.hidden_at is not None:
        return False
    if message.id == chat.head_id:
        return True
    marks = [mark for mark in records.messages.hidden(chat.id) if mark.depth < message.depth]
    if not marks or on_branch(records, chat, message):
        return True
    above: Placed = message
    for mark in sorted(marks, key=lambda mark: mark.depth, reverse=True):
        above = ancestor(records, above, mark.depth)
        if above.id == mark.id:
            return False
    return True


def shown_message(records: Records, chat: Chat, message_id: str, what: str = "this id") -> Message:
    """The message, or NotFound where it is unknown here, deleted, or below such a one. `what` names it in the error."""
    message = records.messages.get(message_id)
    if message is None or message.chat_id != chat.id or not is_shown(records, chat, message):
        raise NotFound(f"There is no message with {what} in this chat.")
    return message


def siblings_of(records: Records, chat: Chat, *messages: Message) -> dict[str, list[str]]:
    """For each of some messages that are shown: all that are shown beside it and itself, oldest first."""
    parents = {message.parent_id for message in messages}
    found = records.messages.siblings(chat.id, parents)
    return {message.id: list(found[message.parent_id]) for message in messages}
