"""The client for programs without an event loop: the same calls, run on a loop in a thread of its own.

Not a second client: each method is the asynchronous one, with its parameters and types, and waits for it.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from perdure.client.api import AsyncPerdure
from perdure.client.connection import PATIENCE_S
from perdure.client.follow import Followed
from perdure.client.loop_thread import LoopThread
from perdure.client.reply import AsyncReply
from perdure.client.shapes import Message

P = ParamSpec("P")
T = TypeVar("T")


class Reply:
    """A reply as it comes; see `AsyncReply`."""

    def __init__(self, thread: LoopThread, reply: AsyncReply) -> None:
        self._thread = thread
        self._reply = reply

    @property
    def chat_id(self) -> str:
        """The chat that it is in."""
        return self._reply.chat_id

    @property
    def message(self) -> Message | None:
        """What was sent; None where only a reply was asked for."""
        return self._reply.message

    @property
    def parent_id(self) -> str:
        """The message that it replies to."""
        return self._reply.parent_id

    @property
    def turn_id(self) -> str:
        """The turn that writes it."""
        return self._reply.turn_id

    @property
    def message_id(self) -> str:
        """The message that it is."""
        return self._reply.message_id

    @property
    def text(self) -> str:
        """All that has been said so far."""
        return self._reply.text

    @property
    def state(self) -> str:
        """Its turn's: queued, running, done, stopped or failed, as far as it was heard."""
        return self._reply.state

    def __iter__(self) -> Generator[str, None, None]:
        return self._thread.iterate(self._reply.__aiter__())

    def read(self) -> str:
        """The whole text, once it has ended. Raises what iterating raises."""
        return self._thread.run(self._reply.read())

    def stop(self) -> None:
        """End it here. What has been said stays."""
        self._thread.run(self._reply.stop())


def _waiting(
    method: Callable[Concatenate[AsyncPerdure, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Perdure, P], T]:
    @functools.wraps(method)
    def call(self: Perdure, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._thread.run(method(self._perdure, *args, **kwargs))

    return call


def _replying(
    method: Callable[Concatenate[AsyncPerdure, P], Coroutine[Any, Any, AsyncReply]],
) -> Callable[Concatenate[Perdure, P], Reply]:
    @functools.wraps(method)
    def call(self: Perdure, /, *args: P.args, **kwargs: P.kwargs) -> Reply:
        return Reply(self._thread, self._thread.run(method(self._perdure, *args, **kwargs)))

    return call


class Perdure:
    """A Perdure server, for programs without an event loop; see `AsyncPerdure`. Close it, or use it in a `with`.

    One thread may use it at a time or several: calls do not disturb one another.
    """

    def __init__(
        self,
        base_url: str,
        access_token: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._perdure = AsyncPerdure(base_url, access_token, patience_s=patience_s, tls=tls)
        self._thread = LoopThread()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let every connection go. What is asked afterwards is a RuntimeError."""
        try:
            self._thread.run(self._perdure.close())
        finally:
            self._thread.close()

    def follow(self, chat_id: str, after: int | None = None) -> Generator[Followed, None, None]:
        """The chat's events, for ever; see `AsyncPerdure.follow`. Close the generator to end."""
        return self._thread.iterate(self._perdure.follow(chat_id, after))

    status = _waiting(AsyncPerdure.status)
    processes = _waiting(AsyncPerdure.processes)
    overview = _waiting(AsyncPerdure.overview)
    act = _waiting(AsyncPerdure.act)
    settings = _waiting(AsyncPerdure.settings)
    change_settings = _waiting(AsyncPerdure.change_settings)
    report = _waiting(AsyncPerdure.report)

    characters = _waiting(AsyncPerdure.characters)
    character = _waiting(AsyncPerdure.character)
    put_character = _waiting(AsyncPerdure.put_character)
    change_character = _waiting(AsyncPerdure.change_character)
    hide_character = _waiting(AsyncPerdure.hide_character)
    restore_character = _waiting(AsyncPerdure.restore_character)
    import_card = _waiting(AsyncPerdure.import_card)
    export_card = _waiting(AsyncPerdure.export_card)
    personas = _waiting(AsyncPerdure.personas)
    put_persona = _waiting(AsyncPerdure.put_persona)
    hide_persona = _waiting(AsyncPerdure.hide_persona)
    restore_persona = _waiting(AsyncPerdure.restore_persona)

    chats = _waiting(AsyncPerdure.chats)
    chat = _waiting(AsyncPerdure.chat)
    put_chat = _waiting(AsyncPerdure.put_chat)
    rename_chat = _waiting(AsyncPerdure.rename_chat)
    become = _waiting(AsyncPerdure.become)
    hide_chat = _waiting(AsyncPerdure.hide_chat)
    restore_chat = _waiting(AsyncPerdure.restore_chat)

    say = _replying(AsyncPerdure.say)
    edit = _replying(AsyncPerdure.edit)
    swipe = _replying(AsyncPerdure.swipe)
    go_on = _replying(AsyncPerdure.go_on)

    messages = _waiting(AsyncPerdure.messages)
    messages_from = _waiting(AsyncPerdure.messages_from)
    message = _waiting(AsyncPerdure.message)
    put_message = _waiting(AsyncPerdure.put_message)
    put_head = _waiting(AsyncPerdure.put_head)
    hide_message = _waiting(AsyncPerdure.hide_message)
    restore_message = _waiting(AsyncPerdure.restore_message)
    put_turn = _waiting(AsyncPerdure.put_turn)
    turn = _waiting(AsyncPerdure.turn)
    stop = _waiting(AsyncPerdure.stop)
