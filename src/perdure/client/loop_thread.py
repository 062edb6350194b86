"""An event loop in a thread of its own, for programs that have none: work goes in, and is waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")

LEAVING_S = 5.0
"""How long whoever interrupts a call waits for it to let go of what it holds, in seconds."""


class _Call(Generic[T]):
    """Work for another thread's loop. `start` and `cancel` are called there, in either order; `answer` is for here."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.answer: Future[T] = Future()
        self.over = threading.Event()
        self._work = work
        self._task: asyncio.Task[T] | None = None
        self._cancelled = False

    def start(self) -> None:
        if not self._cancelled:
            self._task = asyncio.get_running_loop().create_task(self._work)
            self._task.add_done_callback(self._end)

    def cancel(self) -> None:
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()
        else:
            self._work.close()
            self.over.set()

    def _end(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.answer.cancel()
        elif (error := task.exception()) is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(task.result())
        self.over.set()


class LoopThread:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name="perdure-client", daemon=True)
        self._thread.start()
        self._ready.wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it there, and wait for it here. An exception here (Ctrl-C) breaks it off."""
        if not self._thread.is_alive():
            work.close()
            raise RuntimeError("This client is closed.")
        call = _Call(work)
        try:
            self._loop.call_soon_threadsafe(call.start)
            return call.answer.result()
        except BaseException:
            # Ctrl-C comes wherever this thread is just then: perhaps before the other has heard of the call.
            if not call.answer.done():
                self._loop.call_soon_threadsafe(call.cancel)
                call.over.wait(LEAVING_S)
            raise

    def iterate(self, pieces: AsyncGenerator[T, None]) -> Generator[T, None, None]:
        """What the generator gives. It is closed when the iterator is."""
        nothing = object()

        async def step() -> T | object:
            return await anext(pieces, nothing)

        try:
            while (piece := self.run(step())) is not nothing:
                yield piece  # type: ignore[misc]  # all but `nothing` is a T
        finally:
            self._let_go(pieces)

    def close(self) -> None:
        """End whatever runs there."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._left.set)
            self._thread.join()

    def _let_go(self, pieces: AsyncGenerator[Any, None]) -> None:
        if threading.current_thread() is self._thread:
            # An iterator that was left lying about is collected wherever the collector comes by: nobody can wait here.
            self._leaving = self._loop.create_task(_closed(pieces))
        elif self._thread.is_alive():
            self.run(_closed(pieces))

    def _live(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._stay())

    async def _stay(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = asyncio.Event()
        self._ready.set()
        await self._left.wait()


async def _closed(pieces: AsyncGenerator[Any, None]) -> None:
    await pieces.aclose()
