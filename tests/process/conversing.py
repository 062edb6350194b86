"""Conversations that are struck in mid-reply: what was shown, strictly kept, and what became of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from perdure.client import AsyncPerdure, Transcript
from perdure.client.shapes import FINAL, Message, Turn
from perdure.config import MODEL_KEY_VARIABLE, MODEL_PORT_VARIABLE
from perdure.supervise.processes import ProcessRow
from tests.http.installation import DEADLINE_S, Installation, eventually

PATIENCE_S = 2 * DEADLINE_S
"""How long one conversation may take, in seconds: generous, for whole servers start within it."""

CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {"name": "Ada", "description": "Ada keeps a lighthouse.", "first_mes": "Come in out of the rain."},
}
"""Somebody with a short prompt: the model has to read it anew after each of its deaths."""

Strike = Callable[[Turn], Awaitable[object]]
"""What happens in mid-reply. It is told how the turn stands."""


class Mortal(Installation):
    """An installation whose supervisor can be killed, and that knows who is who."""

    def kill_supervisor(self) -> set[int]:
        """SIGKILL to the supervisor alone; returns the processes that it leaves. Start it again afterwards."""
        assert self._process is not None
        left = {row["pid"] for row in self.processes() if row["pid"] is not None} - {self._process.pid}
        with self._process as process:
            process.kill()
            process.wait(DEADLINE_S)
        self._process = None
        return left

    def row(self, name: str) -> ProcessRow:
        """The line of a process in the list."""
        return next(row for row in eventually(self.processes) if row["name"] == name)

    def model_url(self) -> str:
        """Where the embedded model listens, once it does."""
        return f"http://127.0.0.1:{self._of_model(MODEL_PORT_VARIABLE)}"

    def model_key(self) -> str:
        """What the embedded model asks of its callers."""
        return self._of_model(MODEL_KEY_VARIABLE)

    def _of_model(self, name: str) -> str:
        pid = eventually(lambda: self.pid("model"))
        variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
        return next(variable.removeprefix(f"{name}=") for variable in variables if variable.startswith(f"{name}="))


@dataclass(frozen=True, slots=True)
class Told:
    """A conversation of one message and its reply."""

    turn: Turn
    transcript: Transcript
    messages: list[Message]

    @property
    def text(self) -> str:
        """The reply, of which nothing may have been missing, repeated or taken back on the way."""
        assert self.transcript.breaches == []
        reply = self.messages[-1]
        assert reply["id"] == self.turn["message_id"]
        assert reply["state"] == self.turn["state"]
        shown = self.transcript.messages[reply["id"]].text
        assert shown == self.turn["text"] == reply["text"]
        assert self.turn["offset"] == len(shown)
        return shown

    @property
    def outcomes(self) -> list[str | None]:
        """How the attempts ended."""
        return [attempt["outcome"] for attempt in self.turn["attempts"]]


@asynccontextmanager
async def talking(installation: Installation) -> AsyncIterator[AsyncPerdure]:
    """A client that is as patient as the page: it comes back whatever happens."""
    async with AsyncPerdure(installation.url, patience_s=PATIENCE_S) as api:
        yield api


async def tell(
    api: AsyncPerdure,
    text: str,
    strike: Strike | None = None,
    *,
    after: int = 1,
    at: int = 0,
    card: Mapping[str, object] = CARD,
) -> Told:
    """Say something to Ada in a new chat, and hear the reply to its end.

    `strike` happens as soon as `after` deltas and `at` characters have been shown.
    """
    ada = await api.import_card(json.dumps(card).encode(), "ada.json")
    chat = await api.put_chat([ada["id"]])
    transcript = Transcript(chat["id"])
    async with asyncio.timeout(PATIENCE_S):
        accepted = await api.put_message(chat["id"], text)
        assert accepted.turn is not None
        turn_id, reply_id = accepted.turn["id"], accepted.turn["message_id"]
        deltas = 0
        async with aclosing(api.follow(chat["id"])) as events:
            async for event in events:
                deltas += bool(transcript.see(event))
                turn, reply = transcript.turns.get(turn_id), transcript.messages.get(reply_id)
                if reply is not None and reply.state in FINAL:
                    # Its turn may have ended before anybody followed: a snapshot has the message alone.
                    break
                if turn is None or reply is None:
                    continue
                if strike is not None and deltas >= after and len(transcript.messages[reply_id].text) >= at:
                    now, strike = strike, None
                    await now(cast("Turn", turn))
    assert strike is None, "the reply ended before it could be struck"
    messages = await api.messages(chat["id"])
    assert [m["text"] for m in messages if m["role"] == "user"] == [text]
    return Told(await api.turn(turn_id), transcript, messages)


def signalled(installation: Mortal, signum: signal.Signals, name: str = "") -> Strike:
    """A strike at the process with a name; without one, at the worker that is at the turn."""

    async def strike(turn: Turn) -> None:
        await asyncio.to_thread(installation.kill, name or turn["attempts"][-1]["worker"], signum)

    return strike


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie that nobody has reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def send(pid: int | None, signum: signal.Signals) -> None:
    """A signal to a process that is there."""
    assert pid is not None
    os.kill(pid, signum)


def look_again(installation: Mortal) -> None:
    """Have the model's process start anew, rather than wait for its next look."""
    dead = eventually(lambda: installation.row("model")["pid"])
    send(dead, signal.SIGKILL)
    eventually(lambda: installation.row("model")["pid"] not in (None, dead))
