"""Talk with a server that runs, strike it by the plan, and judge what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from random import Random

from perdure.client import AsyncPerdure
from perdure.client.connection import PATIENCE_S
from perdure.client.shapes import Character, Turn
from perdure.core.errors import ConnectionRefused, ModelMissing, NotFound, PerdureError
from perdure.drill import plan, verdict
from perdure.drill.again import ask_again
from perdure.drill.conversation import Conversation, Talk
from perdure.drill.course import Course
from perdure.drill.lines import CARD, Line, scripted_line, spoken_line
from perdure.drill.options import Drilled, Options, Progress
from perdure.drill.server import Server
from perdure.drill.strikes import Blow, Striker
from perdure.drill.verdict import ChatRecord, Fault, Finding

READY_PATIENCE_S = 600.0
"""How long a model may take to get ready before the first strike, in seconds: it may have to be fetched."""

MOST_AGAIN = 8
"""Interrupted replies of a real model that are asked for again and compared."""

PACE_S = 0.25


class NothingToStrikeError(Exception):
    """The kinds of strikes that were asked for do not fit the server."""


class Session:
    """One drill of one server."""

    def __init__(self, options: Options, server: Server, progress: Progress) -> None:
        self._options = options
        self._server = server
        self._progress = progress
        self._striker: Striker | None = None
        self._refused = 0

    async def run(self) -> Drilled:
        """Everything from the first word to the verdict. Raises PerdureError where the server cannot be talked with."""
        options = self._options
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        token = options.settings.access_token
        async with AsyncPerdure(
            self._server.base_url,
            token.get_secret_value() if token and options.server else None,
            patience_s=max(options.stuck_after_s, PATIENCE_S),
            noticed=self._noticed,
        ) as api:
            model = await self._ready(api)
            kinds = plan.possible(
                own_server=self._server.own,
                model=bool(await self._server.pids("model")),
                only=options.only,
            )
            if not kinds:
                raise NothingToStrikeError("None of these strikes can be carried out on this server.")
            drilled = Drilled(options, kinds, model)
            conversations = await self._conversations(api)
            strikes = plan.draw(Random(options.seed), options.kills, options.chats, kinds)
            self._striker = Striker(self._server, conversations)
            await Course(drilled, self._striker, conversations, self._progress).run(strikes)
            await self._judge(api, drilled, conversations)
        drilled.took_s = loop.time() - began_at
        return drilled

    async def _ready(self, api: AsyncPerdure) -> str:
        """Wait for the model. Returns its name. Raises PerdureError where it does not come."""
        loop = asyncio.get_running_loop()
        until = loop.time() + READY_PATIENCE_S
        while True:
            backend = (await api.status())["backend"]
            if backend["state"] == "ready":
                return str(backend["model"])
            self._progress.say(f"waiting for the model: {backend['detail'] or backend['state']}")
            if loop.time() > until or backend["state"] == "missing":
                raise ModelMissing(str(backend["detail"] or ""))
            await asyncio.sleep(PACE_S)

    async def _conversations(self, api: AsyncPerdure) -> list[Conversation]:
        # Other people's gallery is left as it is.
        character = await (api.import_card(CARD, "storyteller.json") if self._server.own else _anybody(api))
        return [
            Conversation(n, api, character["id"], partial(self._line, Random(f"{self._options.seed}/{n}"), n))
            for n in range(self._options.chats)
        ]

    def _line(self, rng: Random, conversation: int, n: int) -> Line:
        if self._options.scripted:
            return scripted_line(rng, conversation, n, self._options.max_tokens)
        return spoken_line(rng, conversation, n)

    async def _judge(self, api: AsyncPerdure, drilled: Drilled, conversations: Sequence[Conversation]) -> None:
        self._progress.say("comparing")
        turns: dict[str, Turn | None] = {}
        for talk in (talk for conversation in conversations for talk in conversation.talks):
            try:
                record = await recorded(api, talk)
            except PerdureError as error:
                chat_id = talk.transcript.chat_id
                drilled.findings.append(Finding(Fault.UNANSWERED, f"the chat cannot be read: {error}", chat_id))
                continue
            turns.update(record.turns)
            drilled.findings += verdict.judge_chat(record)
            drilled.chats += 1
            drilled.messages += len(record.exchanges)
            drilled.characters += sum(len(turn["text"]) for turn in record.turns.values() if turn)
            if self._options.server is not None and not self._options.keep:
                with suppress(PerdureError):
                    await api.hide_chat(talk.transcript.chat_id)
        for blow in drilled.blows:
            drilled.findings += _unrecorded(blow, turns)
        if self._server.own and not self._options.scripted and not drilled.findings:
            self._progress.say("asking again, undisturbed")
            struck = [turn for turn in turns.values() if turn and len(turn["attempts"]) > 1]
            drilled.again = await ask_again(api, struck[:MOST_AGAIN])
        drilled.refused = self._refused
        if self._refused:
            drilled.findings.append(Finding(Fault.REFUSED, f"{self._refused} connections were refused"))

    def _noticed(self, error: PerdureError) -> None:
        """Count refused connections, except while a strike has left nobody who could listen."""
        if isinstance(error, ConnectionRefused) and (self._striker is None or not self._striker.down):
            self._refused += 1


async def _anybody(api: AsyncPerdure) -> Character:
    characters = await api.characters()
    if not characters:
        raise NothingToStrikeError("There is no character to talk with: import one first.")
    return characters[0]


async def recorded(api: AsyncPerdure, talk: Talk) -> ChatRecord:
    """What the server has of a chat in the end. Raises PerdureError."""
    messages = await api.messages(talk.transcript.chat_id, limit=500)
    turns = {exchange.turn_id: await _turn(api, exchange.turn_id) for exchange in talk.exchanges}
    return ChatRecord(talk.transcript, talk.exchanges, messages, turns, talk.pending, talk.abandoned)


async def _turn(api: AsyncPerdure, turn_id: str) -> Turn | None:
    try:
        return await api.turn(turn_id)
    except NotFound:
        return None


def _unrecorded(blow: Blow, turns: dict[str, Turn | None]) -> list[Finding]:
    watched = ((watch, turns.get(watch.turn_id or "")) for watch in blow.watches)
    found = (verdict.judge_watch(watch, blow.strike.kind, turn) for watch, turn in watched)
    return [finding for finding in found if finding is not None]
