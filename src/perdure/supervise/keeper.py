"""Keeps one child running: starts it, judges its silence, starts it again by the policy, stops it."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import random

from perdure.supervise import pulse
from perdure.supervise.children import ChildSpec, Incarnation, describe
from perdure.supervise.policy import History, RestartPolicy, after_death, settled
from perdure.supervise.proc import resident_bytes
from perdure.supervise.processes import ProcessRow, State

log = logging.getLogger(__name__)

SILENT_AFTER_S = 1.25
"""Two heartbeats that did not come: it is told to whoever asks, though one that is only late may still be heard."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the supervisor asks of the world: intervals, Unix time, and chance in [0, 1)."""

    clock: Callable[[], float] = time.monotonic
    date: Callable[[], float] = time.time
    random: Callable[[], float] = random


class Keeper:
    """One child over all its incarnations.

    ``announce`` is called with each notice that the living children should have: ``died`` the moment a death is
    reaped, before anything is started again; ``silent`` where a child has not been heard for `SILENT_AFTER_S`.
    """

    def __init__(
        self,
        spec: ChildSpec,
        policy: RestartPolicy,
        outside: Outside,
        announce: Callable[[Mapping[str, object]], None],
    ) -> None:
        self.spec = spec
        self.gone = asyncio.Event()
        """Set when the child was told to stop for good and no process of it is left."""
        self._policy = policy
        self._outside = outside
        self._announce = announce
        self._incarnation: Incarnation | None = None
        self._pulse = pulse.born(outside.clock())
        self._history = History()
        self._timer: asyncio.TimerHandle | None = None
        self._retired = False
        self._restart_asked = False
        self._starts = 0
        self._deaths = 0
        self._last_exit: str | None = None
        self._away_since: float | None = None
        self._ending: str | None = None
        """Why this process is being ended, where nobody has asked for it."""
        self._state: State = "starting"
        self._silent = False
        self._since = outside.date()

    def start(self) -> None:
        """Start a process now. A program that cannot be started counts as one that died at once."""
        self._disarm()
        self._starts += 1
        self._pulse = pulse.born(self._outside.clock())
        self._enter("starting")
        try:
            self._incarnation = Incarnation(self.spec, self._heard, self._ended)
        except OSError as error:
            self._last_exit = f"could not be started: {error.strerror or error}"
            log.error("%s %s (%s)", self.spec.name, self._last_exit, self.spec.argv[0])
            self._start_by_policy()
        else:
            log.info("%s started as process %d", self.spec.name, self._incarnation.pid)

    @property
    def begun(self) -> bool:
        """Whether it was ever started."""
        return self._starts > 0

    @property
    def was_ready(self) -> bool:
        """Whether what runs now is ready, or was once."""
        return self._pulse.ready_at is not None

    def check(self, now: float) -> None:
        """Kill the child if it is hung, end it if it leaks; note when it has recovered from an escalation."""
        was_silent = self._silent
        self._silent = self._state == "running" and pulse.silent_for_s(self._pulse, now) > SILENT_AFTER_S
        if self._silent and not was_silent:
            self._announce(self._notice("silent"))
        if self._incarnation is None or self._state not in ("starting", "running"):
            return
        if pulse.is_hung(self._pulse, now, hang_after_s=self.spec.hang_after_s, start_grace_s=self.spec.start_grace_s):
            log.warning("%s was silent for %.1f s and is killed", self.spec.name, pulse.silent_for_s(self._pulse, now))
            self._enter("hung")
            self._incarnation.kill()
            return
        if self._leaks(self._incarnation):
            return
        self._judge(settled(self._policy, self._history, healthy_for_s=pulse.healthy_for_s(self._pulse)))

    def _leaks(self, incarnation: Incarnation) -> bool:
        """End the child in good order if it holds more memory than it may; returns whether it does."""
        limit = self.spec.memory_limit_bytes
        held = resident_bytes(incarnation.pid) if limit and self._ending is None else None
        if held is None or held <= limit:
            return False
        self._ending = f"held {held // 2**20} MiB of memory, of {limit // 2**20} allowed, and was ended"
        log.warning("%s %s", self.spec.name, self._ending)
        self._enter("restarting")
        self._ask_to_end(incarnation)
        return True

    def pardon(self, now: float) -> None:
        """Give a fresh period to beat in: the supervisor was away and cannot judge the silence."""
        self._pulse = pulse.pardoned(self._pulse, now)

    def tell(self, notice: Mapping[str, object]) -> None:
        """Pass a notice on to the child, if a process of it runs."""
        if self._incarnation is not None:
            self._incarnation.tell(notice)

    def restart(self) -> None:
        """Restart on the operator's word: gracefully, at once, and from the foot of the ladder.

        An escalation ends only with health, not with the order.
        """
        self._history = History(escalated=self._history.escalated)
        if self._incarnation is None:
            self.start()
        elif not self._restart_asked:
            self._restart_asked = True
            self._enter("restarting")
            self._ask_to_end(self._incarnation)

    def retire(self) -> None:
        """Start no further process; one that runs goes on until ``stop``."""
        self._retired = True
        if self._incarnation is None:
            self._disarm()
            self.gone.set()

    def stop(self) -> None:
        """End it for good: SIGTERM, and SIGKILL after its grace. ``gone`` tells when."""
        self.retire()
        self._enter("stopping")
        if self._incarnation is not None:
            self._ask_to_end(self._incarnation)

    def kill(self) -> None:
        """End it for good, at once."""
        self.retire()
        if self._incarnation is not None:
            self._incarnation.kill()

    def reap(self) -> None:
        """See whether it has died."""
        if self._incarnation is not None:
            self._incarnation.reap()

    def away_since(self) -> float | None:
        """When it died, by the supervisor's clock, if it has not served since; None where it has."""
        return self._away_since

    def row(self) -> ProcessRow:
        """Return this child's line in the list of processes."""
        return {
            "name": self.spec.name,
            "role": self.spec.role,
            "pid": None if self._incarnation is None else self._incarnation.pid,
            "state": self._state,
            "restarts": max(0, self._starts - 1),
            "deaths": self._deaths,
            "since": self._since,
            "silent": self._silent,
            "needs_operator": self._history.escalated,
            "last_exit": self._last_exit,
        }

    def _heard(self, word: str) -> None:
        self._pulse = pulse.heard(self._pulse, word, self._outside.clock())
        if self._state in ("starting", "running"):
            self._enter("starting" if self._pulse.ready_at is None else "running")
            if self._state == "running":
                self._away_since = None

    def _ended(self, status: int) -> None:
        assert self._incarnation is not None
        incarnation, self._incarnation = self._incarnation, None
        self._disarm()
        self._last_exit = "hung and was killed" if self._state == "hung" else self._ending or describe(status)
        self._ending = None
        self._announce({**self._notice("died"), "incarnation": incarnation.id, "how": self._last_exit})
        log.log(
            logging.INFO if self._retired or self._restart_asked else logging.WARNING,
            "%s (process %d) %s",
            self.spec.name,
            incarnation.pid,
            self._last_exit,
        )
        if self._retired:
            self.gone.set()
        elif self._restart_asked:
            self._restart_asked = False
            self._start_after(0.0)
        else:
            self._start_by_policy()

    def _start_by_policy(self) -> None:
        self._deaths += 1
        if self._away_since is None:
            self._away_since = self._outside.clock()
        history, delay_s = after_death(
            self._policy,
            self._history,
            now=self._outside.clock(),
            healthy_for_s=pulse.healthy_for_s(self._pulse),
            random=self._outside.random(),
        )
        self._judge(history)
        self._start_after(delay_s)

    def _judge(self, history: History) -> None:
        """Take over a new history, and tell when the operator has come to be needed, or no longer is."""
        was_escalated, self._history = self._history.escalated, history
        if history.escalated and not was_escalated:
            log.error(
                "%s keeps dying (it %s) and needs you: see its own messages above. Trying goes on.",
                self.spec.name,
                self._last_exit,
            )
            self._announce(self._notice("escalated"))
        elif was_escalated and not history.escalated:
            log.info("%s is well again", self.spec.name)
            self._announce(self._notice("recovered"))

    def _start_after(self, delay_s: float) -> None:
        """Even a delay of 0 goes over the loop: every death of this moment is announced before any start."""
        self._enter("escalated" if self._history.escalated else "restarting")
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.start)

    def _ask_to_end(self, incarnation: Incarnation) -> None:
        self._disarm()
        incarnation.terminate()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.spec.stop_grace_s, self._lose_patience, incarnation)

    def _lose_patience(self, incarnation: Incarnation) -> None:
        log.warning("%s did not end within %g s and is killed", self.spec.name, self.spec.stop_grace_s)
        incarnation.kill()

    def _notice(self, event: str) -> dict[str, object]:
        return {"event": event, "name": self.spec.name, "role": self.spec.role}

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _enter(self, state: State) -> None:
        if state != self._state:
            self._state = state
            self._since = self._outside.date()
