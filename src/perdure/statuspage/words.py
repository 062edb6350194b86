"""Levels, stages and instants, as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from perdure.core.estimate import span
from perdure.core.health import Level
from perdure.core.incidents import Incident, Stage
from perdure.core.report import Indicator, StatusReport

LEVELS: Mapping[Level, str] = {
    Level.OPERATIONAL: "Works",
    Level.DEGRADED: "Works badly",
    Level.PARTIAL: "Partly down",
    Level.MAJOR: "Down",
    Level.MAINTENANCE: "Being worked on",
}

STAGES: Mapping[Stage, str] = {
    Stage.DETECTED: "Detected",
    Stage.IDENTIFIED: "Identified",
    Stage.RECOVERING: "Recovering",
    Stage.MONITORING: "Watched",
    Stage.RESOLVED: "Over",
}

INDICATORS: Mapping[Indicator, str] = {
    Indicator.NONE: "Everything works",
    Indicator.MINOR: "Something is not well",
    Indicator.MAJOR: "Something is broken",
    Indicator.CRITICAL: "Perdure is down",
    Indicator.MAINTENANCE: "Something is being worked on",
}

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_S = 86_400.0

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def whole(report: StatusReport) -> str:
    """How everything is, in a sentence; where nobody has looked yet, that."""
    return INDICATORS[report.indicator] if report.components else "Nothing is known yet"


def unbroken(report: StatusReport, since: float) -> str:
    """That nothing was found broken since then, by whoever looked."""
    first = report.watched_since
    if first is None:
        return "Nobody has looked so far."
    if first <= instant(since)[:10]:
        return "Nothing was found broken."
    return f"Nothing was found broken since {first}, when watching began."


def begun(report: StatusReport) -> str:
    """The instant, for programs, from which on anything is known: the same in one report and the next."""
    return f"{report.watched_since or instant(report.made_at)[:10]}T00:00:00.000Z"


def instant(at: float) -> str:
    """An instant for programs: ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def xml(text: str) -> str:
    """The text without the characters that XML knows none of: what comes from people may hold them."""
    return _NO_XML.sub("", text)


def clock(at: float) -> str:
    """An instant for people, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


def day(at: float) -> str:
    """The day of an instant."""
    return datetime.fromtimestamp(at, UTC).strftime("%A, %-d %B %Y")


def touched(incident: Incident) -> str:
    """Whom it has touched, in a sentence; empty while that is not counted."""
    toll = incident.toll
    if toll is None:
        return ""
    lost = count(toll.lost, "message was lost", "messages were lost")
    if not toll.turns:
        return f"No reply was interrupted or had to wait, {lost}."
    turns = count(toll.turns, "reply was interrupted or had to wait", "replies were interrupted or had to wait")
    chats = count(toll.chats, "chat", "chats")
    if toll.people:
        chats += f" of {count(toll.people, 'person', 'people')}"
    failed = "" if not toll.failed else f", {count(toll.failed, 'was given up', 'were given up')}"
    return f"{turns} in {chats}{failed}; {lost}."


def lasted(incident: Incident, now: float) -> str:
    """How long it has lasted."""
    return span(incident.lasted_s(now))


def percent(share: float | None) -> str:
    """A share of uptime: never rounded up to what it was not."""
    if share is None:
        return "no data"
    return f"{int(share * 10_000) / 100:.2f} %" if share < 1.0 else "100 %"


def count(number: int, one: str, many: str) -> str:
    """So many of something: `no replies`, `1 reply`, `2 replies`."""
    return f"{number or 'no'} {one if number == 1 else many}"
