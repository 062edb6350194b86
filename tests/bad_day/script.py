"""What happens on a bad day, and what the status page has to tell of it. Nothing here does anything.

A line says at which minute something begins and is mended, and what is expected. What is broken until somebody mends
it has `until`; what Perdure mends by itself has none.

How long everything may take, in seconds, and why:

- Detection, `DETECT_S`: the promise of docs/status-page.md. Search and import are looked at every 5 and 10 s, so that
  looking costs little, and get that much more. A model that is deaf looks like one that thinks: 8 s of silence make it
  suspicious, and it is given 10 s for a word. A web that is away can be read by nobody: until it is back
  (`WEB_BACK_S`), or the copy is drawn, which is done every 2 s at most, what is told is read late.
- Resolution, `RESOLVE_S`: of that, `core.health.RULES.settle_s` is how long it has to last before it is believed, and
  that is twice as long for each time that the component has fallen within two minutes. To it comes what the thing
  itself needs to come back: `PROCESS_BACK_S` is Python's start, beside what else goes on; `HANG_S` is how long the
  supervisor waits for a heartbeat. A model that is deaf has been asked for a word, and is asked again only when that
  has not come for 10 s.

`REPLY_S`: what the model has begun to say it says to its end, and while anybody is answered the model is not suspected.
`ATTEMPTS_S`: three attempts have to fail, each behind its back-off, before the model and not they are to blame.
`LOOKS_S`: the log is read every half second, and so often the model is looked at; both have to happen twice.
`START_S` is how long all of Perdure takes to start, the last of it health, beside whatever else the machine does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from perdure.core.health import Cause, Level

DETECT_S = 2.0
RESOLVE_S = 5.0
PROCESS_BACK_S = 2.0
WEB_BACK_S = 2.5
HANG_S = 2.5
START_S = 10.0
LOOKS_S = 1.0
REPLY_S = 1.6
ATTEMPTS_S = 1.0
EARLY_S = 0.5
"""Clocks are read one after the other: an incident may seem to have begun a moment before what caused it."""


class Act(StrEnum):
    """What is done to the installation."""

    KILL = "kill"
    FREEZE = "freeze"
    FREEZE_BRIEFLY = "freeze briefly"
    KEEP_DOWN = "keep down"
    MODEL_AWAY = "model away"
    MODEL_DEAF = "model deaf"
    MODEL_FAILS = "model fails"
    MODEL_SLOW = "model slow"
    LOCK_RECORD = "lock record"
    BREAK_SEARCH = "break search"
    BREAK_IMPORT = "break import"
    MAINTAIN = "maintain"
    KILL_EVERYTHING = "kill everything"


@dataclass(frozen=True, slots=True)
class Shown:
    """A component is shown at one of `levels` while the line lasts; with `surely`, at none but these."""

    component: str
    levels: frozenset[Level]
    surely: bool = True


@dataclass(frozen=True, slots=True)
class Expected:
    """The one incident that a line opens. Seconds: `detect_s` until it is known, `page_s` more until it can be read,
    `back_s` for what is broken to come back by itself.
    """

    root: str
    cause: Cause
    detect_s: float = DETECT_S
    page_s: float = 0.0
    back_s: float = 0.0
    early_s: float = EARLY_S
    needs_operator: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the script. Minutes of the day."""

    minute: float
    what: str
    act: Act
    target: str = ""
    until: float | None = None
    incident: Expected | None = None
    shows: Sequence[Shown] = field(default=())


@dataclass(frozen=True, slots=True)
class Script:
    """A day of `minutes`, each of which takes `minute_s` seconds."""

    minutes: int
    minute_s: float
    lines: Sequence[Line]


def down(component: str) -> Shown:
    """It is shown as down."""
    return Shown(component, frozenset({Level.MAJOR}))


def killed(minute: float, worker: str) -> Line:
    """A worker is killed: the supervisor sees that at once, and starts it again."""
    incident = Expected(worker, Cause.PROCESS_DIED, back_s=PROCESS_BACK_S)
    return Line(minute, f"{worker} is killed", Act.KILL, worker, incident=incident, shows=(down(worker),))


def web_killed(minute: float) -> Line:
    """Web is killed: whoever asks waits until it is back."""
    incident = Expected("web", Cause.PROCESS_DIED, page_s=WEB_BACK_S, back_s=WEB_BACK_S)
    return Line(minute, "web is killed", Act.KILL, "web", incident=incident, shows=(down("web"),))


def model(minute: float, until: float, what: str, act: Act, incident: Expected) -> Line:
    """Something is wrong with the model until somebody mends it."""
    return Line(minute, what, act, "model", until, incident, (down("model"),))


def model_away(minute: float, until: float) -> Line:
    """Nobody listens at its port."""
    return model(minute, until, "the model is away", Act.MODEL_AWAY, Expected("model", Cause.BACKEND_AWAY))


def locked(minute: float, until: float, page_s: float = 0.0) -> Line:
    """Another process holds the lock for writing: whoever reads is well all the time."""
    incident = Expected("store", Cause.STORE_LOCKED, page_s=page_s)
    return Line(
        minute, "the record is locked by another process", Act.LOCK_RECORD, "", until, incident, (down("store"),)
    )


FAILING = frozenset({Level.MAJOR, Level.DEGRADED})
SHOWN_FAILING = Shown("model", FAILING)
PLANNED = Shown("model", frozenset({Level.MAINTENANCE}))

DAY = Script(
    30,
    6.0,
    (
        killed(1.0, "worker-1"),
        model_away(2.5, 4.0),
        killed(2.5, "worker-2"),
        Line(
            4.5, "worker-1 is killed as often as it starts", Act.KEEP_DOWN, "worker-1", 11.5,
            Expected("worker-1", Cause.CRASH_LOOP, back_s=PROCESS_BACK_S, needs_operator=True), (down("worker-1"),),
        ),
        Line(
            5.5, "searching fails", Act.BREAK_SEARCH, "", 8.0,
            Expected("search", Cause.FAILING, detect_s=5.0 + DETECT_S), (down("search"),),
        ),
        web_killed(6.0),
        Line(7.0, "health itself is killed", Act.KILL, "health"),
        locked(9.0, 10.0),
        Line(
            11.7, "web is frozen", Act.FREEZE, "web", None,
            Expected("web", Cause.PROCESS_HUNG, page_s=HANG_S + WEB_BACK_S, back_s=HANG_S + WEB_BACK_S), (down("web"),),
        ),
        Line(12.2, "the operator has planned work on the model", Act.MAINTAIN, "model", 13.2, None, (PLANNED,)),
        Line(12.5, "the model is away, which was planned", Act.MODEL_AWAY, "model", 12.9),
        Line(
            12.3, "worker-2 is frozen", Act.FREEZE, "worker-2", None,
            Expected("worker-2", Cause.PROCESS_HUNG, back_s=HANG_S + PROCESS_BACK_S), (down("worker-2"),),
        ),
        Line(
            13.4, "uploads cannot be kept", Act.BREAK_IMPORT, "", 15.8,
            Expected("import", Cause.FAILING, detect_s=10.0 + DETECT_S), (down("import"),),
        ),
        Line(14.0, "worker-1 is frozen for a moment", Act.FREEZE_BRIEFLY, "worker-1"),
        Line(
            14.5, "the model answers 500", Act.MODEL_FAILS, "model", 15.4,
            Expected("model", Cause.BACKEND_FAILING, detect_s=REPLY_S + ATTEMPTS_S + DETECT_S, back_s=2.0),
            (SHOWN_FAILING,),
        ),
        locked(16.0, 17.0, page_s=WEB_BACK_S),
        web_killed(16.0),
        Line(17.2, "the model is four times as slow", Act.MODEL_SLOW, "model", 17.8),
        model(
            18.0, 22.5, "the model is deaf", Act.MODEL_DEAF,
            Expected(
                "model", Cause.BACKEND_DEAF,
                detect_s=8.0 + 10.0 + REPLY_S + LOOKS_S + DETECT_S, back_s=11.0, needs_operator=True,
            ),
        ),
        Line(
            25.5, "everything is killed at once, and started again", Act.KILL_EVERYTHING, "", None,
            Expected("perdure", Cause.STOPPED, detect_s=START_S + DETECT_S, back_s=START_S, early_s=3.0),
        ),
    ),
)  # fmt: skip
"""Thirty minutes in three. Workers are not killed again and again while no model speaks: three deaths without a word
set a turn aside, and that is right, and no reply may break off here.
"""

SHORT = Script(
    16,
    1.0,
    (
        killed(1.0, "worker-1"),
        model_away(3.0, 6.0),
        killed(3.0, "worker-2"),
        locked(8.0, 11.0, page_s=WEB_BACK_S),
        web_killed(9.0),
        Line(12.5, "worker-2 is frozen for a moment", Act.FREEZE_BRIEFLY, "worker-2"),
    ),
)
"""A handful of it."""
