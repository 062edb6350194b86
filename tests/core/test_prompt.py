"""What is asked of a backend: the character first, the newest message last, and as much between as fits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.characters import Character
from perdure.core.prompt import (
    MESSAGE_OVERHEAD_TOKENS,
    PromptMessage,
    Scene,
    build,
    estimate_tokens,
)
from perdure.core.records import Role, Said

ADA = Character(
    "Ada",
    description="{{char}} keeps a lighthouse. {{user}} is a guest.",
    personality="dry",
    scenario="A storm over {{user}}'s boat.",
    mes_example="<START>\n{{user}}: Hello?\n{{char}}: *waves at {{user}}*\n<START>\n{{char}}: Rain again.",
    post_history_instructions="Answer {{user}} briefly.",
)


def branch(*texts: str) -> list[Said]:
    """A dialogue that ends with the user."""
    roles = (Role.USER, Role.CHARACTER)
    return [Said(roles[(len(texts) - n - 1) % 2], text, n) for n, text in enumerate(texts)]


def scene(history: Sequence[Said], who: Character = ADA, user: str = "Kim", about: str = "", extra: str = "") -> Scene:
    """A scene with `who` in it."""
    return Scene(who, user, about, history, extra)


def cost(messages: Sequence[PromptMessage]) -> int:
    """What the budget is charged."""
    return sum(estimate_tokens(m.content) + MESSAGE_OVERHEAD_TOKENS for m in messages)


def said(messages: Sequence[PromptMessage]) -> str:
    """All of a prompt in one text."""
    return "\n".join(m.content for m in messages)


histories = st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=20).map(lambda texts: branch(*texts))


def test_the_character_comes_first_and_the_newest_message_last() -> None:
    """System, examples, the past in its order, the newest message, the card's last words."""
    prompt = build(scene(branch("one", "two", "three")), 4000)
    assert [m.role for m in prompt] == ["system", "user", "assistant", "user", "assistant", "user", "system"]
    assert "lighthouse" in prompt[0].content
    assert prompt[1:3] == (
        PromptMessage("user", "Hello?"),
        PromptMessage("assistant", "*waves at Kim*\n\nRain again."),
    )
    assert [m.content for m in prompt[3:6]] == ["one", "two", "three"]
    assert prompt[6].content == "Answer Kim briefly."


def test_macros_are_expanded_everywhere_but_in_what_people_said() -> None:
    """The card's placeholders get their names; a message that holds braces is quoted as it was sent."""
    prompt = build(scene(branch("what does {{char}} mean?"), about="a sailor", extra="Speak {{user}}."), 4000)
    system = prompt[0].content
    assert "Ada keeps a lighthouse. Kim is a guest." in system
    assert "A storm over Kim's boat." in system
    assert "About Kim: a sailor" in system
    assert "Speak {{user}}." in system, "an API client's instruction is no card"
    assert "what does {{char}} mean?" in said(prompt)


def test_a_card_without_its_own_prompt_gets_the_usual_one() -> None:
    """Stay in character, and never speak for the user; a card may replace that, or quote it."""
    usual = build(scene(branch("hi"), Character("Bo")), 1000)[0].content
    assert usual.startswith("You are Bo.")
    assert "Never speak for Kim" in usual
    own = build(scene(branch("hi"), Character("Bo", system_prompt="Rhyme. {{original}}")), 1000)[0].content
    assert own == f"Rhyme. {usual}"
    assert build(scene(branch("hi"), Character("Bo", system_prompt="Rhyme.")), 1000)[0].content == "Rhyme."


@given(histories, st.integers(0, 2000))
def test_the_newest_message_is_always_in(history: list[Said], budget: int) -> None:
    """Whatever the budget: a prompt without the question has no right answer."""
    prompt = build(scene(history), budget)
    *_, newest, closing = prompt
    assert closing.content == "Answer Kim briefly."
    assert newest.role == "user"
    assert newest.content.endswith(history[-1].text)


@given(histories, st.integers(0, 2000))
def test_the_past_is_cut_from_its_far_end(history: list[Said], budget: int) -> None:
    """What is in is the newest of the branch without a hole, in its order."""
    prompt = build(scene(history, Character("Bo")), budget)
    kept = [m.content for m in prompt[1:]]
    assert kept == [m.text for m in history[-len(kept) :]]


@given(histories, st.integers(0, 2000))
def test_a_prompt_keeps_to_its_budget(history: list[Said], budget: int) -> None:
    """Only the character, its last words and the newest message may go beyond it."""
    bare = cost(build(scene(history[-1:], Character("Bo", post_history_instructions="Hush.")), 0))
    prompt = build(scene(history, Character("Bo", post_history_instructions="Hush.")), budget)
    assert cost(prompt) <= max(budget, bare)


@given(histories, st.integers(0, 2000))
def test_more_room_never_loses_a_message(history: list[Said], budget: int) -> None:
    """A larger budget gives at least as much of the past."""
    small = build(scene(history, Character("Bo")), budget)
    large = build(scene(history, Character("Bo")), budget + 500)
    assert len(large) >= len(small)


@given(st.lists(st.tuples(st.sampled_from(Role), st.sampled_from(["", "a", "b c"])), max_size=12), st.integers(0, 900))
def test_roles_alternate(lines: list[tuple[Role, str]], budget: int) -> None:
    """Many chat templates refuse two messages of one role in a row, or empty ones: the model gets neither."""
    history = [Said(role, text, n) for n, (role, text) in enumerate(lines)]
    prompt = build(scene(history), budget)
    roles = [m.role for m in prompt]
    assert all(left != right for left, right in pairwise(roles))
    assert all(m.content for m in prompt)


def test_two_messages_in_a_row_are_both_in() -> None:
    """Joining neighbours loses neither of them."""
    history = [Said(Role.USER, "first", 0), Said(Role.USER, "second", 1)]
    assert build(scene(history, Character("Bo")), 1000)[-1].content == "first\n\nsecond"


def test_examples_give_way_to_the_past() -> None:
    """Example dialogue is there only where room is left behind all of the past."""
    history = branch("one " * 30, "two " * 30, "three " * 30)
    with_examples = build(scene(history), 4000)
    budget = cost(with_examples) - 10
    without = build(scene(history), budget)
    assert "Rain again" in said(with_examples)
    assert "Rain again" not in said(without)
    assert all(m.text in said(without) for m in history)


@pytest.mark.parametrize("text", ["", "hello there", "日本語のテキスト", "\ud800 lone", "😀" * 50])
def test_tokens_are_guessed_rather_too_high(text: str) -> None:
    """At least one, more for scripts that take more bytes, and never an exception."""
    assert estimate_tokens(text) >= max(1, len(text) // 4)


def test_a_nickname_is_what_the_character_is_called() -> None:
    """A V3 card's nickname stands for {{char}}."""
    who = Character("Augusta Ada King", description="I am {{char}}.", card={"data": {"nickname": "Ada"}})
    assert "I am Ada." in build(scene(branch("hi"), who), 1000)[0].content


def test_a_past_that_does_not_fit_begins_at_the_same_message_for_a_while() -> None:
    """A long chat's prompt goes on from the one before, so that a backend need not read all of it at every reply."""
    length, budget = 400, 1500
    texts = [f"message {n} of a long evening, with some words to it" for n in range(length)]
    prompts = [build(scene(branch(*texts[: n + 1])), budget) for n in range(length)]
    assert said(prompts[-1]).count("message ") < 100, "it does not fit"
    starts = [next(m.content for m in prompt[1:] if "message " in m.content) for prompt in prompts]
    anew = sum(before != after for before, after in pairwise(starts[1::2]))
    assert 0 < anew <= length / 16


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=60), budget=st.integers(0, 1200))
def test_beginning_steadily_costs_a_quarter_of_what_would_fit_at_most(lengths: list[int], budget: int) -> None:
    """Wherever a past is cut, at least three quarters of the messages that there is room for are in."""
    history = branch(*(f"<{n}> " + "word " * length for n, length in enumerate(lengths)))
    alone = build(scene(history[-1:]), 0)
    left = budget - cost(alone)
    fits = 1
    for one in reversed(history[:-1]):
        left -= estimate_tokens(one.text) + MESSAGE_OVERHEAD_TOKENS
        if left < 0:
            break
        fits += 1
    prompt = said(build(scene(history), budget))
    assert 4 * sum(one.text in prompt for one in history) >= 3 * fits
