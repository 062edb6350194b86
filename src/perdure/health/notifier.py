"""Tells others what is to be told: each notice once to each, whatever happens between."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp
import structlog

from perdure.core.notices import Notice, due, next_try_s
from perdure.health import mail, webhook
from perdure.health.chronicle import Chronicle
from perdure.health.ledger import Delivery, Ledger
from perdure.health.webhook import NotTold

log = structlog.get_logger()

LOOK_S = 1.0
LATELY_S = 3 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who is told. `webhooks` are addresses, signed for with `secret`; `mails` are told by `smtp_url` from `sender`."""

    webhooks: Sequence[str] = ()
    secret: str = ""
    mails: Sequence[str] = ()
    smtp_url: str = ""
    sender: str = ""

    @property
    def all(self) -> Sequence[str]:
        """Everybody, by what a delivery is kept under."""
        return (*self.webhooks, *(f"mailto:{one}" for one in self.mails))


class Notifier:
    """Tells `receivers` of what `chronicle` knows, once it has lasted for `after_s`. What is to be told is in the
    ledger before it is told, and stays there until it was.
    """

    def __init__(
        self, chronicle: Chronicle, ledger: Ledger, receivers: Receivers, after_s: float, now: Callable[[], float]
    ) -> None:
        self._chronicle = chronicle
        self._ledger = ledger
        self._receivers = receivers
        self._after_s = after_s
        self._now = now
        self._told: set[str] | None = None

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Tell for ever; cancel to end."""
        if not self._receivers.all:
            return
        while True:
            try:
                await self._note()
                await self._deliver(session)
            except sqlite3.Error as error:
                log.warning("what is to be told cannot be written down; it is tried again", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def _note(self) -> None:
        """Write down what is to be told now."""
        now = self._now()
        if self._told is None:
            self._told = await asyncio.to_thread(self._ledger.told)
        for incident in self._chronicle.incidents:
            if incident.resolved_at is not None and now - incident.resolved_at > LATELY_S:
                continue
            left = self._chronicle.estimate(incident) if incident.open else None
            found = list(due(incident, self._told, now, self._after_s, left))
            if found:
                await asyncio.to_thread(self._ledger.keep_notices, found, self._receivers.all, now)
                self._told |= {notice.id for notice in found}

    async def _deliver(self, session: aiohttp.ClientSession) -> None:
        """Try what is due, all receivers beside one another, for each in order."""
        waiting = await asyncio.to_thread(self._ledger.deliveries, self._now())
        by_receiver: dict[str, list[Delivery]] = {}
        for one in waiting:
            # Whom the operator has taken out since is told nothing more.
            if one.receiver in self._receivers.all:
                by_receiver.setdefault(one.receiver, []).append(one)
        await asyncio.gather(*(self._each(session, mine) for mine in by_receiver.values()))

    async def _each(self, session: aiohttp.ClientSession, mine: Sequence[Delivery]) -> None:
        for one in mine:
            try:
                await self._tell(session, one.receiver, one.notice)
            except NotTold as error:
                wait_s = next_try_s(one.tries + 1)
                level = log.warning if wait_s is not None else log.error
                level("a notice could not be told", notice=one.notice.id, reason=str(error), again_in_s=wait_s)
                again_at = None if wait_s is None else self._now() + wait_s
                await asyncio.to_thread(self._ledger.keep_try, one, again_at)
                return
            await asyncio.to_thread(self._ledger.keep_try, one, None)
            log.info("a notice was told", notice=one.notice.id)

    async def _tell(self, session: aiohttp.ClientSession, receiver: str, notice: Notice) -> None:
        who = self._receivers
        if receiver.startswith("mailto:"):
            address = receiver.removeprefix("mailto:")
            await asyncio.to_thread(mail.send, who.smtp_url, who.sender, address, notice)
        else:
            await webhook.post(session, receiver, who.secret, notice, self._now())
