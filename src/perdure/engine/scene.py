"""Gather what a reply is built from."""

from __future__ import annotations

from dataclasses import dataclass

from perdure.core.characters import Character
from perdure.core.prompt import BYTES_PER_TOKEN, Ask, PromptMessage, Sampling, Scene, build, head
from perdure.core.records import Chat, Role, TurnSettings
from perdure.core.turn import Turn
from perdure.engine.intake import DEFAULT_USER_NAME
from perdure.engine.life import reply_text
from perdure.ports.store import Records

MAX_HISTORY = 2000
"""Messages of a branch that are looked at for a prompt."""

DEFAULT_CONTEXT = 4096
DEFAULT_MAX_TOKENS = 400


@dataclass(frozen=True, slots=True)
class Part:
    """What a turn's attempt speaks from: the scene, the settings it was asked with, and the reply's text so far."""

    scene: Scene
    settings: TurnSettings
    prefix: str


def load(records: Records, turn: Turn) -> Part:
    """Everything that an attempt at `turn` needs to know."""
    chat = records.chats.get(turn.chat_id)
    placeholder = records.messages.get(turn.message_id)
    assert placeholder is not None, "a turn has a reply"
    assert placeholder.author is not None, "a reply has an author"
    stored = records.characters.get(placeholder.author)
    assert stored is not None, "characters are hidden, never removed"
    settings = records.turns.settings(turn.id)
    return Part(_scene(records, chat, stored.character, turn.parent_id, settings), settings, reply_text(records, turn))


def opening(records: Records, chat: Chat, settings: TurnSettings) -> tuple[PromptMessage, ...]:
    """What the prompt of the first reply in a new chat will begin with; nothing where it is not new any more."""
    stored = records.characters.get(chat.character_ids[0])
    if stored is None:
        return ()
    scene = _scene(records, chat, stored.character, chat.head_id, settings)
    if any(said.role is Role.USER for said in scene.history):
        return ()
    return head(scene, build(scene, _budget(settings, 1.0)))


def _scene(
    records: Records, chat: Chat | None, character: Character, leaf_id: str | None, settings: TurnSettings
) -> Scene:
    persona_id = chat.persona_id if chat else None
    persona = records.personas.get(persona_id) if persona_id else None
    # No character is less than a byte: what is read for so many fills the context.
    room = int(_whole(settings.get("context_size"), DEFAULT_CONTEXT) * BYTES_PER_TOKEN)
    return Scene(
        character=character,
        user_name=persona.name if persona else DEFAULT_USER_NAME,
        user_description=persona.description if persona else "",
        history=records.messages.history(leaf_id, MAX_HISTORY, room) if leaf_id else (),
        extra_system=str(settings.get("system") or ""),
    )


def ask(part: Part, turn: Turn, shrink: float = 1.0) -> Ask:
    """The request to a backend; `shrink` below 1 makes the prompt smaller than the context should allow."""
    settings = part.settings
    max_tokens = _whole(settings.get("max_tokens"), DEFAULT_MAX_TOKENS)
    messages = build(part.scene, _budget(settings, shrink))
    return Ask(
        messages=messages,
        prefix=part.prefix,
        max_tokens=turn.progress.tokens_left(max_tokens),
        sampling=Sampling(
            temperature=_number(settings.get("temperature")),
            top_p=_number(settings.get("top_p")),
            top_k=_whole_or_none(settings.get("top_k")),
            min_p=_number(settings.get("min_p")),
            repeat_penalty=_number(settings.get("repeat_penalty")),
            seed=_whole_or_none(settings.get("seed")),
            stop=_strings(settings.get("stop")),
        ),
        head=head(part.scene, messages),
    )


def _budget(settings: TurnSettings, shrink: float) -> int:
    """Tokens that a prompt may have: half of the context at least, however long the reply may become."""
    context = _whole(settings.get("context_size"), DEFAULT_CONTEXT)
    max_tokens = _whole(settings.get("max_tokens"), DEFAULT_MAX_TOKENS)
    return max(int((context - min(max_tokens, context // 2)) * shrink), 256)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _whole_or_none(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) else None


def _whole(value: object, default: int) -> int:
    return int(value) if isinstance(value, (int, float)) else default


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()
