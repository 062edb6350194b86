"""How a chat begins: all greetings of its first character, beside one another, one of them shown."""

from __future__ import annotations

from collections.abc import Sequence

from perdure.core.errors import Invalid
from perdure.core.macros import expand
from perdure.core.records import Chat, Message, Role, StoredCharacter
from perdure.engine.identity import derived_id
from perdure.engine.news import head_news, message_news
from perdure.ports.store import Records


def greet(records: Records, chat: Chat, greeter: StoredCharacter, user: str, now: float) -> Message | None:
    """Add the greetings and let the head be the chosen one; where that one is empty, the first that is not.

    Raises Invalid for a number that the character has no greeting for.
    """
    who = greeter.character
    texts = [
        expand(text, char=who.spoken_name, user=user).strip() for text in (who.first_mes, *who.alternate_greetings)
    ]
    if chat.greeting >= len(texts):
        raise Invalid(
            f"greeting: {who.name} has {len(texts)} of them, and they are counted from 0.",
            remedy=f"Send a number from 0 to {len(texts) - 1}, or leave it out for the first greeting.",
        )
    greetings = {n: _greeting(chat, greeter, n, text, now) for n, text in enumerate(texts) if text}
    if not greetings:
        return None
    shown = greetings.get(chat.greeting) or next(iter(greetings.values()))
    records.messages.add(list(greetings.values()))
    news = [message_news(greeting) for greeting in greetings.values()]
    if len(greetings) > 1:
        # Of several roots it takes a word which one is shown.
        news.append(head_news(chat.id, shown.id))
    records.events.add(news, now)
    records.chats.move_head(chat.id, shown.id, now)
    return shown


def _greeting(chat: Chat, greeter: StoredCharacter, n: int, text: str, now: float) -> Message:
    parts: Sequence[str] = ("greeting",) if n == 0 else ("greeting", str(n))
    greeting_id = derived_id(chat.id, *parts)
    return Message(greeting_id, chat.id, None, Role.CHARACTER, greeter.id, greeter.character.name, text, now)
