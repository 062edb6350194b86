"""What is asked of a backend: the messages, the sampler, and how much of the past fits into the context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from perdure.core.characters import Character
from perdure.core.macros import expand, split_examples
from perdure.core.records import Role, Said

BYTES_PER_TOKEN = 3.2
"""A cautious guess for text whose tokenizer is not at hand: English has about 4 UTF-8 bytes in a token."""

MESSAGE_OVERHEAD_TOKENS = 6
"""What a chat template puts around each message."""

CUTS = (16, 8, 4, 2)
"""Where a past does not fit, it begins at a depth that can be divided by the first of these that keeps three quarters.

A past that lost a message with each new one would begin anew each time, and a backend keeps what it has read of a
prompt only as far as the next one begins alike: with a full context all of it would be read again for every reply."""

DEFAULT_SYSTEM = (
    "You are {{char}}. Stay in character and answer {{user}} as {{char}} would, in {{char}}'s own voice. "
    "Write actions between *asterisks*. Never speak for {{user}}."
)


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of a prompt; `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampler settings as they are kept with a turn. None means: the backend's own default."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to a backend.

    `prefix` is the text of the reply so far: not empty when another attempt has spoken before, and the backend is to go
    on right behind it. `max_tokens` is what is left of the budget. `head` is what other prompts begin with as
    well: those of every chat with the character, as it is before anything was said.
    """

    messages: tuple[PromptMessage, ...]
    prefix: str
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    head: tuple[PromptMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a reply is built from. `history` is a branch, oldest first, without the reply itself.

    `extra_system` is an API client's own instruction, put behind the card's.
    """

    character: Character
    user_name: str
    user_description: str
    history: Sequence[Said]
    extra_system: str = ""


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has; rather too many than too few."""
    return int(len(text.encode(errors="replace")) / BYTES_PER_TOKEN) + 1


def build(scene: Scene, budget_tokens: int) -> tuple[PromptMessage, ...]:
    """The messages of a prompt that fits into about `budget_tokens`.

    What a character is always comes first and the newest message last; between them goes as much of the recent past as
    there is room for, and example dialogue only where room is left then.
    """
    system = PromptMessage("system", _system(scene))
    closing = _closing(scene)
    examples = _examples(scene)
    left = budget_tokens - _cost(system) - sum(_cost(m) for m in closing)
    said = [said for said in scene.history if said.text]
    past = [PromptMessage("user" if one.role is Role.USER else "assistant", one.text) for one in said]
    start = _first_that_fits(past, left)
    if start > 0 or sum(_cost(m) for m in (*examples, *past)) > left:
        examples = ()
    past = past[_steady([one.depth for one in said], start) :]
    return _alternating((system, *examples, *past, *closing))


def _first_that_fits(past: Sequence[PromptMessage], budget_tokens: int) -> int:
    """Where the longest end of the past begins that keeps to the budget; the last message always does."""
    for place in range(len(past) - 1, -1, -1):
        budget_tokens -= _cost(past[place])
        if budget_tokens < 0 and place < len(past) - 1:
            return place + 1
    return 0


def _steady(depths: Sequence[int], start: int) -> int:
    """The place at or behind `start` where the past will go on to begin as it grows (see CUTS)."""
    if start == 0:
        return 0
    for step in CUTS:
        place = next((n for n in range(start, len(depths)) if depths[n] % step == 0), len(depths))
        if 4 * (len(depths) - place) >= 3 * (len(depths) - start):
            return place
    return start


def head(scene: Scene, messages: Sequence[PromptMessage]) -> tuple[PromptMessage, ...]:
    """What `messages`, built from the scene, have in common with every new chat: at best the greeting is in it."""
    system = PromptMessage("system", _system(scene))
    greeting = [PromptMessage("assistant", said.text) for said in scene.history[:1] if said.role is not Role.USER]
    for shared in ((system, *_examples(scene), *greeting), (system, *_examples(scene))):
        start = _alternating(shared)
        if _begins(messages, start):
            return start
    return (system,)


def _begins(messages: Sequence[PromptMessage], start: Sequence[PromptMessage]) -> bool:
    """Whether a prompt starts so; the last of it may go on, where the next message had the same role."""
    *whole, last = start
    if len(messages) < len(start) or list(messages[: len(whole)]) != whole:
        return False
    there = messages[len(whole)]
    return there.role == last.role and there.content.startswith(last.content)


def _cost(message: PromptMessage) -> int:
    return estimate_tokens(message.content) + MESSAGE_OVERHEAD_TOKENS


def _system(scene: Scene) -> str:
    who = scene.character
    default = _named(DEFAULT_SYSTEM, scene)
    parts = [
        expand(who.system_prompt, char=who.spoken_name, user=scene.user_name, original=default) or default,
        _named(who.description, scene),
        f"{who.spoken_name}'s personality: {_named(who.personality, scene)}" if who.personality else "",
        f"Scenario: {_named(who.scenario, scene)}" if who.scenario else "",
        f"About {scene.user_name}: {scene.user_description}" if scene.user_description else "",
        scene.extra_system,
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _examples(scene: Scene) -> tuple[PromptMessage, ...]:
    return tuple(
        PromptMessage("user" if role == "user" else "assistant", _named(text, scene).strip())
        for block in split_examples(scene.character.mes_example)
        for role, text in block
        if text.strip()
    )


def _closing(scene: Scene) -> tuple[PromptMessage, ...]:
    last_words = _named(scene.character.post_history_instructions, scene).strip()
    return (PromptMessage("system", last_words),) if last_words else ()


def _named(text: str, scene: Scene) -> str:
    return expand(text, char=scene.character.spoken_name, user=scene.user_name)


def _alternating(messages: Sequence[PromptMessage]) -> tuple[PromptMessage, ...]:
    """Neighbours of one role become one message: many chat templates refuse anything else."""
    joined: list[PromptMessage] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            joined[-1] = PromptMessage(message.role, f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    return tuple(joined)
