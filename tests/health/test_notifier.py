"""Notices come: signed, once to each, in order; over receivers that are away, and over a restart between."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from perdure.core.health import Cause, Level
from perdure.core.incidents import Entry, Incident, Stage
from perdure.health.chronicle import Chronicle
from perdure.health.ledger import Ledger
from perdure.health.notifier import Notifier, Receivers
from perdure.health.webhook import signed

pytestmark = pytest.mark.anyio

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GOES_ON = Incident(
    "one",
    "store",
    Cause.STORE_LOCKED,
    0.0,
    components={"store": Level.MAJOR},
    story=(Entry(0.0, Stage.DETECTED, "The record is locked."),),
)


class Hook:
    """A webhook that fails as often as it is told to, and keeps what it takes."""

    def __init__(self) -> None:
        self.failures = 0
        self.asked = 0
        self.taken: list[dict[str, Any]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            return web.Response(status=503)
        body = await request.text()
        # By the reference implementation: the signature is right, and the message is of now.
        self.taken.append(Webhook(SECRET).verify(body, dict(request.headers)))
        return web.Response(status=204)


@asynccontextmanager
async def serving(hook: Hook) -> AsyncIterator[None]:
    """Serve it on a port of its own."""
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield
    finally:
        await runner.cleanup()


class World:
    """A chronicle, its ledger, and a clock that runs as fast as it is told to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "health.db"
        self.begun_at = time.time()
        self.ahead_s = 0.0
        self.chronicle = Chronicle(Ledger(self.path), self.now, 3600.0)

    def now(self) -> float:
        """Signatures hold only for a while: this is the real time, and more where somebody has no time to wait."""
        return self.begun_at + self.ahead_s

    @asynccontextmanager
    async def notifying(self, receivers: Receivers) -> AsyncIterator[None]:
        """A notifier of its own, as a process that was just started has."""
        notifier = Notifier(self.chronicle, Ledger(self.path), receivers, 60.0, self.now)
        async with aiohttp.ClientSession() as session:
            running = asyncio.create_task(notifier.run(session))
            try:
                yield
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running


async def eventually(condition: Any) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("perdure.health.notifier.LOOK_S", 0.01)
    return World(tmp_path)


def going_on(world: World) -> Incident:
    """The incident, having lasted for two minutes."""
    return replace(GOES_ON, opened_at=world.now() - 120.0)


async def test_a_webhook_is_told_of_the_beginning_and_the_end(world: World) -> None:
    """Signed; each once."""
    hook = Hook()
    async with serving(hook), world.notifying(Receivers([hook.url], SECRET)):
        world.chronicle.put(going_on(world))
        await eventually(lambda: hook.taken)
        world.chronicle.put(replace(going_on(world), resolved_at=world.now()))
        await eventually(lambda: len(hook.taken) == 2)
    assert [one["type"] for one in hook.taken] == ["incident.broken", "incident.over"]
    assert hook.taken[0]["data"]["incident"] == "one"
    assert "The record is locked" in hook.taken[0]["data"]["subject"]
    assert hook.asked == 2


async def test_a_receiver_that_is_away_is_tried_again_over_a_restart(world: World) -> None:
    """In order, and each once: also what another process was told to tell."""
    hook = Hook()
    async with serving(hook):
        hook.failures = 2
        receivers = Receivers([hook.url], SECRET)
        async with world.notifying(receivers):
            world.chronicle.put(going_on(world))
            await eventually(lambda: hook.asked == 1)
        world.chronicle.put(replace(going_on(world), resolved_at=world.now()))
        async with world.notifying(receivers):
            for asked in (2, 3):
                world.ahead_s += 100.0
                await eventually(lambda asked=asked: hook.asked >= asked)
            await eventually(lambda: len(hook.taken) == 2)
        async with world.notifying(receivers):
            world.ahead_s += 100.0
            for _ in range(20):
                await asyncio.sleep(0)
    assert [one["type"] for one in hook.taken] == ["incident.broken", "incident.over"]


async def test_one_that_is_away_keeps_nobody_else_waiting(world: World) -> None:
    there = Hook()
    async with serving(there), world.notifying(Receivers(["http://127.0.0.1:9/nobody", there.url], SECRET)):
        world.chronicle.put(going_on(world))
        await eventually(lambda: there.taken)


def test_a_message_that_somebody_else_has_made_is_refused() -> None:
    """The reference implementation, once more: it would have said so."""
    body = b"{}"
    headers = signed("one", body, "another secret", 0)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.decode(), headers)


class Box:
    """What an SMTP server has taken."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 taken"


async def test_mails_are_one_thread_for_each_incident(world: World) -> None:
    """By a real SMTP server; a title adds no header of its own."""
    box = Box()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        receivers = Receivers(mails=["ada@example.org"], smtp_url=f"smtp://127.0.0.1:{port}", sender="perdure@here")
        async with world.notifying(receivers):
            world.chronicle.put(replace(going_on(world), title="Locked\r\nBcc: everybody@example.org"))
            await eventually(lambda: box.mails)
            world.chronicle.put(replace(going_on(world), resolved_at=world.now()))
            await eventually(lambda: len(box.mails) == 2)
    (to, first), (_, last) = box.mails
    assert to == ["ada@example.org"]
    assert first["Subject"] == "[Perdure] Broken: Locked Bcc: everybody@example.org"
    assert first["Bcc"] is None
    assert last["In-Reply-To"] == first["Message-ID"]
    assert "too few such incidents" in first.get_payload()
