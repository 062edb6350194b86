"""Taking in what people ask: each function is one transaction, and its repetition is the same thing (promise 7).

Ids of what Perdure makes itself are derived from the ids that the client gave, so that a repeated request needs no
memory of the first one. The answer to a repetition is the answer to the first: what was accepted, as it was accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from perdure.core.errors import Conflict, Invalid, NotFound, TurnInProgress
from perdure.core.records import Chat, Message, Persona, Role, StoredCharacter, TurnSettings
from perdure.core.turn import Kind, NotPossible, State, StopPressed, Turn
from perdure.engine.greetings import greet
from perdure.engine.identity import derived_id, seed_of
from perdure.engine.life import apply, turn_news
from perdure.engine.news import head_news, message_news
from perdure.engine.tree import placed, shown_message
from perdure.ports.store import Records

DEFAULT_USER_NAME = "You"
"""What characters call somebody without a persona."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was taken in. `created` is False for a repetition; `text` is what the reply begins with."""

    created: bool
    message: Message | None
    turn: Turn | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class NewReply:
    """What a turn is made from."""

    turn_id: str
    kind: Kind
    parent_id: str
    settings: TurnSettings
    prefix: str = ""


def put_chat(
    records: Records,
    chat_id: str,
    character_ids: Sequence[str],
    persona_id: str | None,
    now: float,
    origin: str = "chat",
    greeting: int = 0,
) -> tuple[bool, Chat]:
    """A new chat that begins with the first character's greetings. Returns whether it is new, and the chat.

    Raises NotFound for unknown characters or personas, Invalid for a greeting that is not there, and Conflict where the
    id names another chat.
    """
    known = records.chats.get(chat_id)
    if known is not None:
        if known.character_ids != tuple(character_ids) or known.begun_as != persona_id:
            raise Conflict("A chat with this id and other people in it exists already.")
        if known.greeting != greeting:
            raise Conflict("A chat with this id that began with another greeting exists already.")
        return False, known
    if records.chats.taken(chat_id):
        raise Conflict("A chat with this id was deleted.")
    cast = [character_of(records, character_id) for character_id in character_ids]
    if persona_id is not None:
        persona_of(records, persona_id)
    user = _user_name(records, persona_id)
    greeter = cast[0]
    title = ", ".join(stored.character.name for stored in cast)
    chat = Chat(chat_id, title, tuple(character_ids), persona_id, None, now, now, origin)
    chat = replace(chat, greeting=greeting, begun_as=persona_id)
    records.chats.add(chat)
    shown = greet(records, chat, greeter, user, now) if origin == "chat" else None
    if shown is None:
        return True, chat
    begun = replace(chat, head_id=shown.id, preview=shown.text[:160], preview_author=shown.author_name, messages=1)
    return True, begun


def put_message(
    records: Records,
    chat_id: str,
    message_id: str,
    text: str,
    parent_id: str | None,
    settings: TurnSettings | None,
    now: float,
) -> Accepted:
    """A user's message, and with `settings` the turn that replies to it. `parent_id` None means: at the chat's head.

    Raises NotFound, Conflict where the id names other content, and TurnInProgress behind a reply that has not ended.
    """
    chat = chat_of(records, chat_id)
    known = records.messages.get(message_id)
    if known is not None:
        same = known.role is Role.USER and (parent_id is None or known.parent_id == parent_id)
        return repeated(records, known, chat_id, text, same, settings is not None)
    above = chat.head_id if parent_id is None else parent_id
    parent = None if above is None else _parent(records, chat, above)
    user = _user_name(records, chat.persona_id)
    said = Message(message_id, chat_id, above, Role.USER, None, user, text, now)
    message = placed(said, parent, records.messages.node)
    return take_in(records, chat, message, settings, now)


def take_in(records: Records, chat: Chat, message: Message, settings: TurnSettings | None, now: float) -> Accepted:
    """Add a message that is new, and with `settings` the turn that replies to it."""
    if settings is not None:
        turn_id = derived_id(message.id, "turn")
        turn = _begin(records, chat, message, NewReply(turn_id, Kind.REPLY, message.id, settings), now, [message])
        return Accepted(True, message, turn)
    records.messages.add([message])
    records.events.add([message_news(message), head_news(chat.id, message.id)], now)
    records.chats.move_head(chat.id, message.id, now)
    return Accepted(True, message, None)


def put_turn(records: Records, chat_id: str, reply: NewReply, now: float) -> Accepted:
    """A further reply: a swipe beside others, or more behind one that has ended.

    `parent_id` is the message replied to, or for `continue` the reply that is to go on. Nothing is overwritten: a
    continued reply is a new message that begins with the old one's text.
    """
    chat = chat_of(records, chat_id)
    known = records.turns.get(reply.turn_id)
    if known is not None:
        return _asked_again(records, known, chat, reply)
    parent = _parent(records, chat, reply.parent_id)
    if reply.kind is Kind.CONTINUE:
        continued = parent
        if continued.role is not Role.CHARACTER or continued.parent_id is None:
            raise Invalid("Only a reply can be continued: parent_id has to be the id of one.")
        parent = _parent(records, chat, continued.parent_id)
        reply = replace(reply, parent_id=parent.id, prefix=continued.text)
    return Accepted(True, None, _begin(records, chat, parent, reply, now), reply.prefix)


def stop(records: Records, turn_id: str, now: float) -> Turn:
    """The user's stop: final at once, whoever may be writing. An ended turn stays as it ended."""
    turn = turn_of(records, turn_id)
    try:
        return apply(records, turn, StopPressed(), now)
    except NotPossible:
        return turn


def as_accepted(turn: Turn) -> Turn:
    """The turn as it was when it was taken in."""
    return Turn(turn.id, turn.chat_id, turn.message_id, turn.parent_id, turn.kind, turn.created_at, turn.created_at)


def chat_of(records: Records, chat_id: str) -> Chat:
    """The chat, or NotFound."""
    chat = records.chats.get(chat_id)
    if chat is None:
        raise NotFound("There is no chat with this id.")
    return chat


def turn_of(records: Records, turn_id: str) -> Turn:
    """The turn, or NotFound."""
    turn = records.turns.get(turn_id)
    if turn is None:
        raise NotFound("There is no turn with this id.")
    return turn


def character_of(records: Records, character_id: str) -> StoredCharacter:
    """The character as the gallery shows it, or NotFound."""
    stored = records.characters.shown(character_id)
    if stored is None:
        raise NotFound("There is no character with this id.")
    return stored


def persona_of(records: Records, persona_id: str) -> Persona:
    """The persona, unless it was removed, or NotFound."""
    persona = records.personas.shown(persona_id)
    if persona is None:
        raise NotFound("There is no persona with this id.")
    return persona


def _begin(
    records: Records, chat: Chat, parent: Message, reply: NewReply, now: float, before: Sequence[Message] = ()
) -> Turn:
    """Queue a turn and show the place where its reply will be, behind new messages that come `before` it."""
    author = _speaker(records, chat, parent)
    name = records.characters.name(author)
    assert name is not None, "characters are hidden, never removed"
    turn = Turn(
        id=reply.turn_id,
        chat_id=chat.id,
        message_id=derived_id(reply.turn_id, "message"),
        parent_id=reply.parent_id,
        kind=reply.kind,
        created_at=now,
        progressed_at=now,
    )
    reply_place = Message(
        id=turn.message_id,
        chat_id=chat.id,
        parent_id=reply.parent_id,
        role=Role.CHARACTER,
        author=author,
        author_name=name,
        text="",
        created_at=now,
        state=State.QUEUED,
        turn_id=turn.id,
    )
    messages = [*before, placed(reply_place, parent, records.messages.node)]
    records.messages.add(messages)
    records.turns.add(turn, {"seed": seed_of(turn.id), **_given(reply.settings)})
    news = [message_news(message) for message in messages]
    if reply.prefix:
        # The seed is a delta of its own, which clients must not see before the message that it belongs to.
        records.events.add(news, now)
        news = []
        turn = records.turns.seed_text(turn, reply.prefix, now)
    records.events.add([*news, turn_news(turn, (), reply.prefix), head_news(chat.id, turn.message_id)], now)
    records.chats.move_head(chat.id, turn.message_id, now)
    return turn


def _given(settings: TurnSettings) -> Mapping[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _speaker(records: Records, chat: Chat, parent: Message) -> str:
    """Who replies: the only character, or in a group whoever comes behind the one that spoke last."""
    ids = chat.character_ids
    before: Message | None = parent
    while len(ids) > 1 and before is not None and before.role is Role.USER:
        before = records.messages.get(before.parent_id) if before.parent_id else None
    last = ids.index(before.author) if before is not None and before.author in ids else -1
    return ids[(last + 1) % len(ids)]


def _parent(records: Records, chat: Chat, parent_id: str) -> Message:
    """The message that something is to follow, as long as it is shown, once it has been said whole."""
    parent = shown_message(records, chat, parent_id, "the parent's id")
    if not parent.state.final:
        raise TurnInProgress("The reply that this would follow has not ended yet.")
    return parent


def repeated(records: Records, known: Message, chat_id: str, text: str, same: bool, reply: bool) -> Accepted:
    """The answer to a repetition; `same` says whether it is of the same role at the same place.

    Raises Conflict where the id names something else.
    """
    turn = records.turns.get(derived_id(known.id, "turn"))
    same = same and known.turn_id is None and known.chat_id == chat_id and known.text == text
    if not same or (turn is not None) != reply:
        raise Conflict("A message with this id and another content exists already.")
    return Accepted(False, known, None if turn is None else as_accepted(turn))


def _asked_again(records: Records, known: Turn, chat: Chat, reply: NewReply) -> Accepted:
    """The answer to a repetition, also where what it asks for has been deleted since."""
    if known.chat_id != chat.id or known.kind is not reply.kind:
        raise Conflict("A turn with this id and another content exists already.")
    parent_id: str | None = reply.parent_id
    prefix = ""
    if reply.kind is Kind.CONTINUE:
        continued = records.messages.get(reply.parent_id)
        if continued is not None:
            parent_id, prefix = continued.parent_id, continued.text
    if known.parent_id != parent_id:
        raise Conflict("A turn with this id and another parent exists already.")
    return Accepted(False, None, as_accepted(known), prefix)


def _user_name(records: Records, persona_id: str | None) -> str:
    if persona_id is None:
        return DEFAULT_USER_NAME
    persona = records.personas.get(persona_id)
    return DEFAULT_USER_NAME if persona is None else persona.name
