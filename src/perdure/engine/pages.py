"""Pages of the branch that is shown, each in time for its own length: jump pointers find where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perdure.core.errors import NotFound
from perdure.core.records import Chat, Message
from perdure.engine.tree import ancestor, on_branch, shown_message, siblings_of
from perdure.ports.store import Records


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of a branch, oldest first, with the siblings of each; `total` counts those of the branch shown."""

    messages: Sequence[Message]
    siblings: dict[str, list[str]]
    has_before: bool
    has_after: bool
    total: int


def last(records: Records, chat: Chat, limit: int) -> Page:
    """The end of the branch."""
    return _page(records, chat, chat.messages - limit, chat.messages)


def before(records: Records, chat: Chat, message_id: str, limit: int) -> Page:
    """What comes before a message, on whichever branch it is."""
    message = shown_message(records, chat, message_id, "the id `before`")
    found = [] if message.parent_id is None else records.messages.branch(message.parent_id, limit)
    siblings = siblings_of(records, chat, *found)
    return Page(found, siblings, message.depth > len(found), True, chat.messages)


def after(records: Records, chat: Chat, message_id: str, limit: int) -> Page:
    """What follows on a message of the branch that is shown."""
    depth = _shown_on_branch(records, chat, message_id, "the id `after`").depth
    return _page(records, chat, depth + 1, depth + 1 + limit)


def around(records: Records, chat: Chat, message_id: str, limit: int) -> Page:
    """A message of the branch that is shown, and what stands on both sides of it."""
    depth = _shown_on_branch(records, chat, message_id, "the id `around`").depth
    start = depth - limit // 2
    return _page(records, chat, start, start + limit)


def _shown_on_branch(records: Records, chat: Chat, message_id: str, what: str) -> Message:
    message = shown_message(records, chat, message_id, what)
    if not on_branch(records, chat, message):
        raise NotFound(
            f"The message with {what} is not on the branch that is shown.",
            remedy="Show its branch first: PUT /api/v1/chats/{id}/head.",
        )
    return message


def _page(records: Records, chat: Chat, start: int, end: int) -> Page:
    """The messages of the branch from depth `start` up to, and without, depth `end`."""
    start, end = max(start, 0), min(end, chat.messages)
    found: Sequence[Message] = []
    if chat.head_id is not None and start < end:
        leaf = ancestor(records, records.messages.node(chat.head_id), end - 1)
        found = records.messages.branch(leaf.id, end - start)
    return Page(found, siblings_of(records, chat, *found), start > 0, end < chat.messages, chat.messages)
