"""A reply goes on behind the text so far, whatever kind of server continues it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.errors import ModelRefused
from perdure.core.prompt import Ask, Sampling
from perdure.models.continuation import (
    EchoJoint,
    Joint,
    OverlapJoint,
    Prefill,
    StartedAnew,
    is_distinctive,
    refuses_prefill,
)
from perdure.models.openai import OpenAIBackend
from perdure.models.script import expected
from perdure.ports.models import Chunk

Say = Callable[..., Ask]
Hear = Callable[[OpenAIBackend, Ask], Awaitable[list[Chunk]]]
Log = Callable[[], Awaitable[list[dict[str, Any]]]]

PREFIX = "The lamp is lit, and the gulls are asleep on the"
PIECES = st.lists(st.text(min_size=1, max_size=5), max_size=8)


def through(joint: Joint, pieces: list[str]) -> str:
    """What a joint lets through of an answer."""
    out: list[str] = []
    for n, piece in enumerate(pieces):
        if joint.settled:
            return "".join(out + pieces[n:])
        out += joint.take(piece)
    return "".join(out if joint.settled else out + joint.end())


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces: list[str] = []
    for size in sizes:
        pieces, text = [*pieces, text[:size]], text[size:]
    return [piece for piece in (*pieces, text) if piece]


@given(PIECES, st.booleans())
def test_new_text_passes_untouched(pieces: list[str], sure: bool) -> None:
    """An answer that does not repeat the prefix loses nothing, however it is cut."""
    assert through(EchoJoint(PREFIX, sure=sure), pieces) == "".join(pieces)


@given(st.text(max_size=20), st.lists(st.integers(1, 9), max_size=12), st.booleans())
def test_an_echo_is_taken_away_whole(rest: str, sizes: list[int], sure: bool) -> None:
    """The whole prefix, repeated first, is not shown again; what follows it is, to the character."""
    assert through(EchoJoint(PREFIX, sure=sure), cut(PREFIX + rest, sizes)) == rest


@pytest.mark.parametrize("said", ["ha ", "ha ha ha ", "la la la la la la la la la la la la ", "no, "])
def test_laughter_keeps_every_ha(said: str) -> None:
    """A refrain that rightly comes again is no echo, where the server is not known to send echoes."""
    assert through(EchoJoint(said, sure=False), cut(said + said, [2, 1])) == said + said


def test_an_answer_that_begins_alike_is_not_held_for_long() -> None:
    """As soon as an answer differs from the prefix, all of it is let through."""
    joint = EchoJoint(PREFIX, sure=False)
    assert joint.take("The lamp") == []
    assert joint.take(" goes") == ["The lamp", " goes"]
    assert joint.settled


def test_a_reply_started_anew_is_noticed() -> None:
    """An answer that shares the beginning and then differs would be put behind it as a second beginning."""
    with pytest.raises(StartedAnew):
        through(EchoJoint(PREFIX, sure=False), ["The lamp is lit, and the gulls", " quarrel"])


@given(st.lists(st.integers(1, 9), max_size=12), st.integers(8, len(PREFIX)), st.text(max_size=12))
def test_a_repeated_end_is_taken_away(sizes: list[int], repeated: int, rest: str) -> None:
    """Asked in words to go on, models repeat the last words; those are not shown twice."""
    rest = f"\n{rest}"  # cannot be taken for a longer repetition
    answer = PREFIX[-repeated:] + rest
    assert through(OverlapJoint(PREFIX), cut(answer, sizes)) == rest


@pytest.mark.parametrize(
    ("before", "answer", "joined"),
    [
        ("The lamp is", "lit", "The lamp is lit"),
        ("The lamp is", " lit", "The lamp is lit"),
        ("It is lit.", "Sleep well", "It is lit. Sleep well"),
        ("It is lit", ", friend", "It is lit, friend"),
        ("*waves", "*", "*waves*"),
        ("灯塔", "亮了", "灯塔亮了"),
    ],
)
def test_words_do_not_run_together(before: str, answer: str, joined: str) -> None:
    """A chat model begins without the space that belongs there."""
    assert before + through(OverlapJoint(before), [answer]) == joined


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("Unrecognized request argument supplied: continue_final_message", True),
        ("[{'loc': ['body', 'add_generation_prompt'], 'msg': 'Extra inputs are not permitted'}]", True),
        ("Assistant response prefill is incompatible with enable_thinking.", True),
        ("Cannot have 2 or more assistant messages at the end of the list.", True),
        ("Expected last role User or Tool for serving but got assistant", True),
        ("the final message must be from the user", True),
        ("Conversation roles must alternate user/assistant/user", True),
        ("Unrecognized request argument supplied: top_k", False),
        ("temperature must be below 2", False),
    ],
)
def test_a_refusal_to_prefill_is_understood(words: str, refused: bool) -> None:
    """Only complaints about going on lead to asking in words; others are errors."""
    assert refuses_prefill(words) is refused


def test_only_telling_prefixes_are_watched_for() -> None:
    """Short and repetitive text cannot tell an echo from a refrain."""
    assert is_distinctive(PREFIX)
    assert not is_distinctive("ha ha ha ha ha ha ha ha ha ha")
    assert not is_distinctive("Once")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "learned"),
    [
        ("", Prefill.CLEAN),
        ("echo", Prefill.ECHOES),
        ("anew", Prefill.NEVER),
        ("no_prefill", Prefill.NEVER),
        ("no_prefill overlap=3", Prefill.NEVER),
    ],
)
async def test_every_kind_of_server_finishes_the_reply(
    backend: OpenAIBackend, heard: Hear, ask: Say, kind: str, learned: Prefill
) -> None:
    """The reply cut at any token is finished to what it would have been, and the server's kind is remembered."""
    message = f"Tell me of the sea [[tokens=24 interval=0.001 {kind}]]"
    whole = expected(message, 5)
    words = whole.split(" ")
    for kept in (12, 15, 23, 24):
        prefix = " ".join(words[:kept])
        chunks = await heard(backend, ask(message, prefix, sampling=Sampling(seed=5)))
        assert prefix + "".join(chunk.text for chunk in chunks) == whole
        assert sum(chunk.tokens for chunk in chunks) == 24 - kept
        assert chunks[-1].finish == "stop"
    assert backend._prefill is learned


@pytest.mark.anyio
async def test_what_a_server_cannot_is_asked_once(log: Log, backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """After one refusal the server is asked in words at once."""
    message = "Go on [[tokens=20 interval=0.001 no_prefill]]"
    prefix = " ".join(expected(message).split(" ")[:10])
    for _ in range(3):
        await heard(backend, ask(message, prefix))
    assert [entry["in_words"] for entry in await log()] == [False, True, True, True]


@pytest.mark.anyio
async def test_settings_can_forbid_the_prefill(url: str, log: Log, heard: Hear, ask: Say) -> None:
    """`prefill=False` never sends fields that only some servers know."""
    backend = OpenAIBackend(url, "m", prefill=False)
    message = "Go on [[tokens=20 interval=0.001]]"
    prefix = " ".join(expected(message).split(" ")[:10])
    await heard(backend, ask(message, prefix))
    await backend.close()
    assert [entry["in_words"] for entry in await log()] == [True]


@pytest.mark.anyio
async def test_other_refusals_stay_errors(backend: OpenAIBackend, heard: Hear, ask: Say) -> None:
    """A refusal that has nothing to do with going on is not hidden by asking again."""
    with pytest.raises(ModelRefused):
        await heard(backend, ask('Go [[status=400 message="temperature must be below 2"]]', PREFIX))
