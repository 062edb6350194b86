"""What clients are told of messages and heads: entries for the log, in the words of the contract."""

from __future__ import annotations

import orjson

from perdure.core.records import Message, News
from perdure.core.views import message_view


def message_news(message: Message) -> News:
    """A message has appeared."""
    body = orjson.dumps(message_view(message)).decode()
    return News(message.chat_id, "message", body, message.turn_id, message.id)


def head_news(chat_id: str, head_id: str | None) -> News:
    """The branch that is shown ends elsewhere now."""
    body = orjson.dumps({"chat_id": chat_id, "head_id": head_id}).decode()
    return News(chat_id, "head", body, None, head_id)


def hidden_news(message: Message, hidden: bool) -> News:
    """A message, and so all below it, was deleted or brought back."""
    body = orjson.dumps({"chat_id": message.chat_id, "message_id": message.id, "hidden": hidden}).decode()
    return News(message.chat_id, "hidden", body, None, message.id)
