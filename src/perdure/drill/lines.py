"""What the drill's people say, and what the scripted backend has to answer. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

from perdure.models.script import expected

SEED = 7
"""The sampler's seed of a drilled server, so that every reply is a function of its message."""

INTERVAL_S = 0.02
"""The scripted backend's pace, in seconds a token."""

SUBJECTS = (
    "the night the lighthouse went dark", "a clock that runs backwards", "the last letter in the mailbag",
    "a ferry that nobody remembers building", "the cartographer who drew one island too many",
    "a choir of frozen bells", "the inn at the bottom of the stairs", "how the river lost its name",
)  # fmt: skip


CARD = json.dumps(
    {
        "spec": "chara_card_v2",
        "spec_version": "2.0",
        "data": {
            "name": "The Storyteller",
            "description": "The Storyteller tells long stories with every detail, and does not mind being interrupted.",
            "first_mes": "Sit down. What shall it be tonight?",
        },
    }
).encode()
"""Whom the drill talks with on a server of its own: somebody with a short card, since each takeover may have to read it
all again."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something to say. `reply` is the whole reply that has to come, where that can be known."""

    text: str
    reply: str | None


def scripted_line(rng: Random, conversation: int, n: int, max_tokens: int) -> Line:
    """A line for the scripted backend. Some replies are longer than the server allows, to see it count tokens right."""
    tokens = rng.randint(max_tokens // 2, max_tokens + max_tokens // 4)
    text = f"Line {n} of conversation {conversation}. [[tokens={tokens} interval={INTERVAL_S}]]"
    return Line(text, expected(text, SEED, max_tokens))


def spoken_line(rng: Random, conversation: int, n: int) -> Line:
    """A line for a real model: one that takes a while to answer."""
    subject = rng.choice(SUBJECTS)
    return Line(f"Tell me a long story about {subject}, with every detail. ({conversation}.{n})", None)
