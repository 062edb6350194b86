"""A check of a backend before it is used: does it answer, which models has it, does the model speak."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from perdure.core.errors import (
    ModelBroken,
    ModelCut,
    ModelError,
    ModelKeyRejected,
    ModelOverloaded,
    ModelRefused,
    ModelRubbish,
    ModelStalled,
    NetworkError,
    PerdureError,
    UnknownModel,
)
from perdure.core.prompt import Ask, PromptMessage, Sampling
from perdure.core.reply import storable
from perdure.models.openai import OpenAIBackend

WITHIN_S = 10.0
"""How long a check may take, in seconds."""

QUESTION = "Say hello in one short sentence."
REPLY_TOKENS = 32
REPLY_CHARS = 400
MOST_MODELS = 1000
MODEL_CHARS = 200

_REMEDIES: Mapping[type[PerdureError], str] = {
    ModelCut: "Try again. If it stays, see whether the address has to begin with http:// or with https://.",
    ModelBroken: "Look at what the model's server says in its own window or log.",
    ModelOverloaded: "Wait a moment, and check again.",
    ModelRefused: "Look at what the model's server says, and whether the model is one for chats.",
}
"""What helps whoever is just setting a backend up, where the tree speaks to somebody who waits for a reply."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came out. `reply` is None where none was asked for or came; `problem` is None where all is well."""

    models: tuple[str, ...] = ()
    reply: str | None = None
    problem: PerdureError | None = None


async def check(backend: OpenAIBackend, model: str, within_s: float = WITHIN_S) -> Checked:
    """Ask for the list of models, and where one is named for a short reply of it. Failures are in what it returns."""
    models: tuple[str, ...] = ()
    said: list[str] = []
    try:
        async with asyncio.timeout(within_s):
            listed: ModelError | None = None
            try:
                models = tuple(name[:MODEL_CHARS] for name in (await backend.check())[:MOST_MODELS])
            except (ModelRubbish, UnknownModel) as failure:
                # Some servers speak and list nothing: the reply decides.
                if not model:
                    raise
                listed = failure
            if not model:
                return Checked(models)
            try:
                await _speak(backend, said)
                return Checked(models, _shown(said))
            except ModelKeyRejected:
                raise
            except (ModelRefused, ModelRubbish) as failure:
                # Of a thousand names it takes a while to see which come near.
                named = await asyncio.to_thread(_named, failure, model, models)
                raise listed or named from failure
    except (ModelError, NetworkError) as failure:
        return Checked(models, None, _at_hand(failure))
    except TimeoutError:
        if said:
            # Slow, but it speaks.
            return Checked(models, _shown(said))
        late = ModelStalled(
            f"The model's server has not answered within {within_s:.0f} seconds.",
            remedy="It may still be loading the model, which can take minutes the first time: check again in a moment. "
            "Otherwise look at the address.",
        )
        return Checked(models, None, late)


async def _speak(backend: OpenAIBackend, said: list[str]) -> None:
    """Let the model say something, as long as it is short."""
    ask = Ask((PromptMessage("user", QUESTION),), "", REPLY_TOKENS, Sampling())
    async with aclosing(backend.stream(ask)) as chunks:
        async for chunk in chunks:
            if chunk.text:
                said.append(chunk.text)
            if sum(map(len, said)) > REPLY_CHARS:
                break


def _shown(said: Sequence[str]) -> str:
    return storable("".join(said)[:REPLY_CHARS]).strip()


def _named(failure: ModelError, model: str, models: Sequence[str]) -> ModelError:
    """The failure; where the model is none that the server has, with the names of those that come near."""
    if model in models or not (models or isinstance(failure, UnknownModel)):
        return failure
    near = near_names(model, models)
    remedy = f"Perhaps you mean {' or '.join(near)}." if near else "Choose one of the models that it lists."
    return UnknownModel(f"The model's server has no model called {model[:MODEL_CHARS]}.", remedy=remedy)


def near_names(model: str, models: Sequence[str]) -> list[str]:
    """At most three of the models whose names are like this one."""
    wanted = model.casefold()
    within = [name for name in models if wanted in name.casefold() or name.casefold() in wanted]
    folded = {name.casefold(): name for name in models}
    alike = [folded[name] for name in difflib.get_close_matches(wanted, folded, n=3, cutoff=0.5)]
    return list(dict.fromkeys([*within, *alike]))[:3]


def _at_hand(failure: PerdureError) -> PerdureError:
    better = _REMEDIES.get(type(failure))
    if better is not None and failure.remedy == type(failure).remedy:
        failure.remedy = better
    return failure
