"""At temperature 0 a reply that was cut and continued is the uninterrupted one, byte for byte, with the real llama.cpp.

The model's cache makes this easy and hides faults: what it spoke itself a moment ago it need not read again. So the
cold case is tested too, where a model that knows nothing reads the prompt and the reply so far in one go, and the one
where it knows the prompt from a file.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from typing import Any

import pytest

from perdure.bootstrap.backends import ToldByModel
from perdure.config import Settings
from perdure.core.prompt import Ask, PromptMessage, Sampling
from perdure.models.llamacpp import LlamaCppBackend
from perdure.models.openai import OpenAIBackend
from perdure.ports.models import Chunk
from tests.process.conversing import Mortal, look_again, signalled, talking, tell

pytestmark = [pytest.mark.anyio, pytest.mark.thorough]

TOKENS = 26
QUESTIONS = {
    "a story": "Tell me of the storm of last winter, the one that took the roof, the boats and the old church bell.",
    "a list": "List the birds of this coast, one a line, each behind its number, and nothing else.",
}
SYSTEM = (
    "You are Ada. Ada keeps a lighthouse on a rock off the northern coast, with a cat, a brass telescope and a shelf "
    "of books that the sea has tried to read. She likes long stories, strong tea and guests who stay."
)
"""Long enough, with a question, for the kernel that llama.cpp keeps for batches of 64 tokens and more."""


class Forgetful(LlamaCppBackend):
    """Lets the model use nothing that it has in its cache, as if it had just been started."""

    def _extras(self) -> dict[str, Any]:
        return {"cache_prompt": False}


class Attentive(LlamaCppBackend):
    """Notes what the model says of its work."""

    timings: list[Mapping[str, Any]]

    def _timed(self, timings: Mapping[str, Any]) -> None:
        self.timings.append(timings)


def ask(question: str, prefix: str = "", tokens: int = TOKENS) -> Ask:
    """A request for the rest of a reply."""
    messages = (PromptMessage("system", SYSTEM), PromptMessage("user", question))
    return Ask(messages, prefix, tokens, Sampling(temperature=0.0))


async def chunks_of(backend: OpenAIBackend, request: Ask) -> list[Chunk]:
    """All that the backend says."""
    return [chunk async for chunk in backend.stream(request)]


def cuts(whole: list[Chunk]) -> list[tuple[str, int]]:
    """Every place where the stream could have broken: the text so far, and the tokens that are left."""
    return [
        ("".join(chunk.text for chunk in whole[:n]), TOKENS - sum(chunk.tokens for chunk in whole[:n]))
        for n in range(1, len(whole))
    ]


@pytest.mark.parametrize("name", list(QUESTIONS))
async def test_the_backend_goes_on_from_every_cut(real: Mortal, name: str) -> None:
    """From every token of the reply on, four at once and from the model's cache: the same bytes, and the same end."""
    backend = OpenAIBackend(real.model_url(), "", real.model_key())
    try:
        whole = await chunks_of(backend, ask(QUESTIONS[name]))
        text = "".join(chunk.text for chunk in whole)
        places = cuts(whole)
        assert len(places) >= 20

        async def finish(prefix: str, left: int) -> None:
            rest = await chunks_of(backend, ask(QUESTIONS[name], prefix, left))
            assert prefix + "".join(chunk.text for chunk in rest) == text
            assert rest[-1].finish == whole[-1].finish

        for n in range(0, len(places), 4):
            await asyncio.gather(*(finish(*place) for place in places[n : n + 4]))
    finally:
        await backend.close()


@pytest.mark.parametrize("name", list(QUESTIONS))
async def test_a_model_that_knows_nothing_goes_on_alike(real: Mortal, name: str) -> None:
    """What another process of the model reads in one go means the same to it as what the first one spoke."""
    backend = Forgetful(real.model_url(), "", real.model_key())
    try:
        whole = await chunks_of(backend, ask(QUESTIONS[name]))
        text = "".join(chunk.text for chunk in whole)
        for prefix, left in cuts(whole)[3::8]:
            rest = await chunks_of(backend, ask(QUESTIONS[name], prefix, left))
            assert prefix + "".join(chunk.text for chunk in rest) == text
    finally:
        await backend.close()


async def test_a_model_that_was_given_the_prompt_back_goes_on_alike(real: Mortal) -> None:
    """What one process saved, another has in its slot after the first one's death: the same bytes follow."""
    question = f"{QUESTIONS['a story']} {SYSTEM} {SYSTEM}"  # long enough to be saved
    told = ToldByModel(Settings.model_validate({"data_dir": real.data_dir}))
    backend = Attentive(real.model_url(), "", real.model_key(), prompts=told.prompts, loading=told.loading)
    backend.timings = []
    try:
        whole = await chunks_of(backend, ask(question))
        text = "".join(chunk.text for chunk in whole)
        for prefix, left in cuts(whole)[4::9]:
            look_again(real)
            while not await backend.ready():
                await asyncio.sleep(0.02)
            rest = await chunks_of(backend, ask(question, prefix, left))
            assert prefix + "".join(chunk.text for chunk in rest) == text
            assert backend.timings[-1]["cache_n"] > 5 * backend.timings[-1]["prompt_n"], "it was read, not restored"
    finally:
        await backend.close()


async def test_no_reply_breaks_off_in_white_space(real: Mortal) -> None:
    """Two line feeds at the end are another token than two line feeds before a word: nothing stops between them."""
    backend = OpenAIBackend(real.model_url(), "", real.model_key())
    try:
        whole = await chunks_of(backend, ask(QUESTIONS["a list"]))
    finally:
        await backend.close()
    assert "\n" in "".join(chunk.text for chunk in whole)
    assert [prefix for prefix, _ in cuts(whole)[:-1] if prefix[-1:].isspace()] == []


async def test_the_whole_of_perdure_goes_on_from_many_cuts(real: Mortal) -> None:
    """The worker is killed behind so much of the reply, in a chat for each: every reply is the uninterrupted one."""
    question = "Tell me about the storm of last winter."
    async with talking(real) as api:
        whole = await tell(api, question)
        assert whole.outcomes == ["done"]
        for share in (0.0, 0.15, 0.3, 0.5, 0.7):
            at = int(share * len(whole.text))
            cut = await tell(api, question, signalled(real, signal.SIGKILL), at=at)
            assert cut.text == whole.text
            assert cut.outcomes[0] == "worker_died"
            assert cut.outcomes[-1] == "done"
