"""The people who converse all day, and what became of all that they said and were told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from random import Random

from perdure.client import AsyncPerdure
from perdure.core.errors import PerdureError
from perdure.drill.conversation import Conversation
from perdure.drill.lines import CARD, Line
from perdure.drill.session import recorded
from perdure.drill.verdict import Fault, judge_chat
from perdure.models.script import expected
from tests.bad_day.stage import MAX_TOKENS, SEED

PATIENCE_S = 60.0
"""Of a client, for one call: longer than anything here lasts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Messages that were acknowledged, those of them that are not there, replies that did not end whole, and all that
    breaks a promise.
    """

    messages: int
    lost: int
    broken: int
    breaches: Sequence[str]

    @property
    def ok(self) -> bool:
        """Whether nothing of it was lost, and something was said."""
        return self.messages > 0 and not self.breaches


@dataclass(slots=True)
class People:
    """Those who talk."""

    api: AsyncPerdure
    conversations: Sequence[Conversation]
    talking: Sequence[asyncio.Task[None]]

    async def outcome(self) -> Outcome:
        """Let them finish, and look at what the server has of it. Raises TimeoutError where a reply does not end."""
        for one in self.conversations:
            one.finish()
        async with asyncio.timeout(2 * PATIENCE_S):
            await asyncio.gather(*self.talking)
        breaches = [f"a conversation ended: {one.trouble}" for one in self.conversations if one.trouble is not None]
        messages = lost = 0
        broken = len(breaches)
        for talk in (talk for one in self.conversations for talk in one.talks):
            messages += len(talk.exchanges)
            try:
                found = judge_chat(await recorded(self.api, talk))
            except PerdureError as error:
                breaches.append(f"a chat cannot be read: {error}")
                continue
            lost += sum(finding.fault is Fault.LOST for finding in found)
            broken += sum(finding.fault in (Fault.FAILED, Fault.UNENDED) for finding in found)
            breaches += [f"{finding.fault}: {finding.detail}" for finding in found]
        return Outcome(messages, lost, broken, breaches)


@asynccontextmanager
async def conversing(url: str, many: int) -> AsyncIterator[People]:
    """So many, who begin to talk now, and do not stop."""
    async with AsyncPerdure(url, patience_s=PATIENCE_S) as api:
        character = await api.import_card(CARD, "storyteller.json")
        conversations = [Conversation(n, api, character["id"], partial(_line, Random(n), n)) for n in range(many)]
        talking = [asyncio.create_task(one.run()) for one in conversations]
        try:
            yield People(api, conversations, talking)
        finally:
            for task in talking:
                task.cancel()
            await asyncio.gather(*talking, return_exceptions=True)


def _line(rng: Random, conversation: int, n: int) -> Line:
    """Something to say, whose answer is known. How fast it comes is left to the model."""
    text = f"Line {n} of conversation {conversation}. [[tokens={rng.randint(MAX_TOKENS // 2, MAX_TOKENS)}]]"
    return Line(text, expected(text, SEED, MAX_TOKENS))
