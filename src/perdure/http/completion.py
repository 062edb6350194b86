"""The answer to a chat completion: the turn's events, in OpenAI's words, whole or as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from perdure.core.errors import PerdureError, ServerError, describe, recall
from perdure.core.records import Event
from perdure.engine import intake
from perdure.engine.tailer import Listener
from perdure.http.events import gone, write
from perdure.http.problems import Json
from perdure.http.service import Service
from perdure.ports.store import Records


@dataclass(frozen=True, slots=True)
class Running:
    """A completion on its way."""

    turn_id: str
    chat_id: str
    model: str
    created: int
    listener: Listener


class Completion(Response):
    """Answers when the turn has something to tell. A client that goes away before its end stops the turn.

    A plain ASGI response, so that what has to be done at the end is done in the one task that serves the request.
    """

    def __init__(self, service: Service, running: Running, *, stream: bool, usage: bool) -> None:
        super().__init__()
        self._service = service
        self._running = running
        self._stream = stream
        self._usage = usage
        self._ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises the turn's failure where nothing of the answer is out yet."""
        running = self._running
        watch = asyncio.create_task(gone(receive, running.listener))
        try:
            if self._stream:
                await self._send_stream(send)
            else:
                await (await self._whole())(scope, receive, send)
        except PerdureError:
            # Where the client has gone there is nobody left to tell.
            if not watch.done():
                raise
        finally:
            watch.cancel()
            self._service.tailer.unsubscribe(running.chat_id, running.listener)
            if not self._ended:
                await self._service.stop(running.turn_id, lambda records, turn: None)

    async def _whole(self) -> Response:
        pieces: list[str] = []
        async with aclosing(self._events()) as events:
            async for event in events:
                if event.kind == "delta":
                    pieces.append(event.body)
        finish, usage = await self._end()
        message = {"role": "assistant", "content": "".join(pieces)}
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        return Json({**self._head("chat.completion"), "choices": [choice], "usage": usage})

    async def _send_stream(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        head = self._head("chat.completion.chunk")
        await write(send, _chunk(head, {"role": "assistant", "content": ""}, None))
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    if event.kind == "delta":
                        await write(send, _chunk(head, {"content": event.body}, None))
            finish, usage = await self._end()
            await write(send, _chunk(head, {}, finish))
            if self._usage:
                await write(send, _frame({**head, "choices": [], "usage": usage}))
        except PerdureError as error:
            # The status is out: what is left is the error object that OpenAI's clients raise.
            await write(send, _frame({"error": _failure(error)}))
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})

    async def _events(self) -> AsyncGenerator[Event, None]:
        """The turn's events up to its end. Raises what it failed with, or that this process has to end."""
        listener = self._running.listener
        while True:
            await listener.wake.wait()
            for event in listener.take():
                yield event
                if event.kind == "turn":
                    turn = orjson.loads(event.body)
                    self._ended = turn["state"] in ("done", "stopped", "failed")
                    if turn["state"] == "failed":
                        raise recall(turn["error"])
                    if self._ended:
                        return
            if listener.dropped:
                raise ServerError("This server is restarting; ask again.")

    async def _end(self) -> tuple[str, dict[str, int]]:
        """Why the reply ended, and what it took. A reply that has used its budget up was cut off by it."""

        def work(records: Records) -> tuple[int, int]:
            turn = intake.turn_of(records, self._running.turn_id)
            budget = records.turns.settings(turn.id).get("max_tokens")
            return turn.progress.tokens, budget if isinstance(budget, int) else 0

        spoken, budget = await self._service.store.read(work)
        usage = {"prompt_tokens": 0, "completion_tokens": spoken, "total_tokens": spoken}
        return "length" if 0 < budget <= spoken else "stop", usage

    def _head(self, kind: str) -> dict[str, Any]:
        running = self._running
        identity = f"chatcmpl-{running.turn_id}"
        return {"id": identity, "object": kind, "created": running.created, "model": running.model}


def _failure(error: PerdureError) -> dict[str, Any]:
    return {"message": f"{error.detail} {error.remedy}", "type": f"{error.fault}_error", **describe(error)}


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _frame({**head, "choices": [choice]})


def _frame(data: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(data)
