"""The strikes, one after the other, while everybody talks; and the patience with which the drill waits between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress

from perdure.drill.conversation import Conversation
from perdure.drill.options import Drilled, Progress
from perdure.drill.plan import Strike
from perdure.drill.programs import NotStartedError
from perdure.drill.strikes import Striker, VictimlessError
from perdure.drill.verdict import Fault, Finding

TOO_LONG = 10
"""Times as long as a conversation may be stuck: no wait is longer."""

LOOK_S = 0.5
"""How often it is looked whether somebody is stuck, in seconds."""


class _HaltError(Exception):
    """The drill cannot go on; what was found so far stands."""


class Course:
    """One plan carried out over some conversations. What it finds goes into `drilled`."""

    def __init__(
        self, drilled: Drilled, striker: Striker, conversations: Sequence[Conversation], progress: Progress
    ) -> None:
        self._drilled = drilled
        self._striker = striker
        self._conversations = conversations
        self._progress = progress
        self._stuck_after_s = drilled.options.stuck_after_s
        self._talking: dict[int, asyncio.Task[None]] = {}

    async def run(self, strikes: Sequence[Strike]) -> None:
        """Strike by the plan while everybody talks; then let everybody finish. Stops at the first who is stuck."""
        self._talking = {
            conversation.n: asyncio.create_task(conversation.run(), name=f"conversation {conversation.n}")
            for conversation in self._conversations
        }
        try:
            for strike in strikes:
                await self._strike(strike)
            await self._patiently(self._all_progressed())
            self._progress.say("letting everybody finish")
            for conversation in self._conversations:
                conversation.finish()
            await self._patiently(asyncio.wait(self._talking.values()), finishing=True)
        except _HaltError:
            pass
        except (NotStartedError, VictimlessError) as error:
            self._find(Fault.STUCK, str(error))
        finally:
            for task in self._talking.values():
                task.cancel()
            await asyncio.gather(*self._talking.values(), return_exceptions=True)
            await self._striker.calm()

    async def _strike(self, strike: Strike) -> None:
        # Only when every conversation has new characters since the last strike: otherwise one turn could be killed
        # three times without any between, and would rightly be set aside.
        await self._patiently(self._all_progressed())
        await self._striker.rest(strike.kind)
        await self._patiently(self._conversations[strike.conversation].moment(strike.moment, strike.tokens))
        blow = await self._striker.carry_out(strike)
        self._drilled.blows.append(blow)
        for pid in blow.left_over:
            self._find(Fault.ORPHAN, f"process {pid} outlived its supervisor")
        self._progress.struck(strike.n, str(strike.kind))

    async def _all_progressed(self) -> None:
        for conversation in self._conversations:
            await conversation.progress.wait()

    async def _patiently(self, waiting: Awaitable[object], *, finishing: bool = False) -> None:
        """Wait for as long as everybody is heard of now and then, nobody has left who should still talk, and it is not
        altogether too long."""
        wait = asyncio.ensure_future(waiting)
        began_at = asyncio.get_running_loop().time()
        try:
            while True:
                await asyncio.wait(
                    (wait, *self._expected(finishing)), timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED
                )
                self._look(began_at, finishing)
                if wait.done():
                    await wait
                    return
                if asyncio.get_running_loop().time() > began_at + TOO_LONG * self._stuck_after_s:
                    self._find(Fault.STUCK, "everybody talks, but what should have come next does not come")
                    raise _HaltError
        finally:
            wait.cancel()
            with suppress(asyncio.CancelledError):
                await wait

    def _expected(self, finishing: bool) -> Sequence[asyncio.Task[None]]:
        """Whose end would come too early."""
        return [] if finishing else list(self._talking.values())

    def _look(self, began_at: float, finishing: bool) -> None:
        """Raises _HaltError where a reply failed, or somebody has left or has not been heard of for too long."""
        now = asyncio.get_running_loop().time()
        halt = False
        for conversation in self._conversations:
            task = self._talking[conversation.n]
            silent_s = now - max(began_at, conversation.heard_at)
            # The verdict will say why. Going on would only make more of the same.
            halt = halt or conversation.failed
            if task.done():
                task.result()
                if conversation.trouble is not None or not finishing:
                    self._find(Fault.UNANSWERED, f"conversation {conversation.n}: {conversation.trouble}")
                    halt = True
            elif silent_s > self._stuck_after_s:
                self._find(Fault.STUCK, f"conversation {conversation.n} made no progress for {silent_s:.0f} s")
                halt = True
        if halt:
            raise _HaltError

    def _find(self, fault: Fault, detail: str) -> None:
        self._drilled.findings.append(Finding(fault, detail))
