"""What the health process remembers: a file of its own, beside the record and independent of it.

Little is written, and what is lost to a power cut are its last seconds. Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import Column, Float, Integer, MetaData, String, Table, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import dialect, insert
from sqlalchemy.schema import CreateTable

from perdure.core.estimate import Estimate
from perdure.core.health import Level
from perdure.core.incidents import Incident
from perdure.core.load import Sample
from perdure.core.notices import Notice
from perdure.core.report import DayUptime, Maintenance
from perdure.core.uptime import Uptime
from perdure.store.database import Database

Shown = tuple[str, float, Estimate]
"""An estimate that was shown: of which incident, when, and what was said."""

metadata = MetaData()

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("root", Text, nullable=False),
    Column("cause", String(32)),
    Column("opened_at", Float, nullable=False),
    Column("resolved_at", Float),
    Column("body", Text, nullable=False),
)

maintenance = Table(
    "maintenance",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("ends_at", Float, nullable=False),
    Column("body", Text, nullable=False),
)

estimates = Table(
    "estimates",
    metadata,
    Column("incident_id", String(36), primary_key=True),
    Column("at", Float, primary_key=True),
    Column("body", Text, nullable=False),
)

uptime = Table(
    "uptime",
    metadata,
    Column("component", Text, primary_key=True),
    Column("date", String(10), primary_key=True),
    Column("level", String(32), primary_key=True),
    Column("seconds", Float, nullable=False),
)

# One row for each hour in which anything was asked for or watched.
hours = Table(
    "hours",
    metadata,
    Column("hour", Integer, primary_key=True),
    Column("replies", Integer, nullable=False),
    Column("watched_s", Float, nullable=False),
)

# Load and latency: one row for each minute of the last day, and for each quarter of an hour of the last month.
load = Table(
    "load",
    metadata,
    Column("step_s", Integer, primary_key=True),
    Column("at", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)

acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("by", Text, nullable=False),
    Column("act", Text, nullable=False),
)

# One row: when the health process was last known to look, and whether it ended because it was told to.
life = Table(
    "life",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alive_at", Float, nullable=False),
    Column("ended", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
)

# One row for each notice and each of those who are to have it. `due_at` is null once it was told, or given up.
deliveries = Table(
    "deliveries",
    metadata,
    Column("notice_id", Text, primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Float),
)

_INCIDENT = TypeAdapter(Incident)
_MAINTENANCE = TypeAdapter(Maintenance)
_ESTIMATE = TypeAdapter(Estimate)
_NOTICE = TypeAdapter(Notice)
_SAMPLE = TypeAdapter(Sample)

_SINCE = (
    select(incidents.c.body)
    .where(incidents.c.resolved_at.is_(None) | (incidents.c.opened_at >= bindparam("since")))
    .order_by(incidents.c.opened_at)
)
_KEEP_INCIDENT = insert(incidents).prefix_with("OR REPLACE")
_PLANNED = select(maintenance.c.body).where(maintenance.c.ends_at >= bindparam("since")).order_by(maintenance.c.ends_at)
_KEEP_MAINTENANCE = insert(maintenance).prefix_with("OR REPLACE")
_SHOWN = insert(estimates).prefix_with("OR REPLACE")
_ALL_SHOWN = select(estimates.c.incident_id, estimates.c.at, estimates.c.body).order_by(estimates.c.at)
_DAYS = select(uptime).where(uptime.c.date >= bindparam("since")).order_by(uptime.c.date)
_ADD_UPTIME = insert(uptime)
_ADD_UPTIME = _ADD_UPTIME.on_conflict_do_update(
    index_elements=["component", "date", "level"],
    set_={"seconds": uptime.c.seconds + _ADD_UPTIME.excluded.seconds},
)
_ADD_HOUR = insert(hours)
_ADD_HOUR = _ADD_HOUR.on_conflict_do_update(
    index_elements=["hour"],
    set_={
        "replies": hours.c.replies + _ADD_HOUR.excluded.replies,
        "watched_s": hours.c.watched_s + _ADD_HOUR.excluded.watched_s,
    },
)
_HOURS = select(hours.c.hour, hours.c.replies, hours.c.watched_s).where(hours.c.hour >= bindparam("since"))
_FORGET_HOURS = delete(hours).where(hours.c.hour < bindparam("before"))
_SAMPLES = (
    select(load.c.body).where(load.c.step_s == bindparam("step"), load.c.at >= bindparam("since")).order_by(load.c.at)
)
_KEEP_SAMPLE = insert(load).prefix_with("OR REPLACE")
_FORGET_SAMPLES = delete(load).where(load.c.step_s == bindparam("step"), load.c.at < bindparam("before"))
_ACT = insert(acts)
_ACTS = select(acts.c.at, acts.c.by, acts.c.act).order_by(acts.c.id.desc()).limit(bindparam("most"))
_LIFE = select(life.c.alive_at, life.c.ended, life.c.seq).where(life.c.id == 1)
_LIVE = insert(life).prefix_with("OR REPLACE")
_TOLD = select(deliveries.c.notice_id).distinct()
_TO_TELL = insert(deliveries).prefix_with("OR IGNORE")
_DUE = (
    select(deliveries.c.receiver, deliveries.c.body, deliveries.c.tries)
    .where(deliveries.c.due_at <= bindparam("now"))
    .order_by(deliveries.c.due_at, deliveries.c.notice_id)
)
_TRIED = (
    update(deliveries)
    .where(deliveries.c.notice_id == bindparam("notice"), deliveries.c.receiver == bindparam("whom"))
    .values(tries=deliveries.c.tries + 1, due_at=bindparam("again_at"))
)
_HOLD = (
    update(deliveries)
    .where(deliveries.c.receiver == bindparam("whom"), deliveries.c.due_at < bindparam("again_at"))
    .values(due_at=bindparam("again_at"))
)
_NEXT_ACT = select(func.coalesce(func.max(acts.c.id), 0) + 1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice that somebody is to have, and how often that was tried."""

    receiver: str
    notice: Notice
    tries: int


class Ledger:
    """The file at `path`, made where it is missing. Raises sqlite3.Error where it cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
        self._raw.execute("PRAGMA journal_mode=WAL")
        self._raw.execute("PRAGMA synchronous=NORMAL")
        for table in metadata.sorted_tables:
            self._raw.execute(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect())))
        self._db = Database(self._raw)

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written within, or nothing."""
        self._raw.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._raw.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._raw.execute("ROLLBACK")
            raise

    def incidents(self, since: float) -> list[Incident]:
        """Those that are open, and those that were opened since then, the oldest first."""
        return [_INCIDENT.validate_json(body) for (body,) in self._db.rows(_SINCE, since=since)]

    def keep_incidents(self, changed: Iterable[Incident]) -> None:
        """Write them as they are now."""
        for one in changed:
            body = _INCIDENT.dump_json(one).decode()
            known = {"opened_at": one.opened_at, "resolved_at": one.resolved_at}
            self._db.change(_KEEP_INCIDENT, id=one.id, root=one.root, cause=one.cause, body=body, **known)

    def maintenance(self, since: float) -> list[Maintenance]:
        """What is planned, goes on, or has ended since then."""
        return [_MAINTENANCE.validate_json(body) for (body,) in self._db.rows(_PLANNED, since=since)]

    def keep_maintenance(self, one: Maintenance) -> None:
        """Write it as it is now."""
        body = _MAINTENANCE.dump_json(one).decode()
        self._db.change(_KEEP_MAINTENANCE, id=one.id, ends_at=one.ends_at, body=body)

    def keep_shown(self, shown: Iterable[Shown]) -> None:
        """Estimates were shown: each is scored when its incident is over."""
        for incident_id, at, estimate in shown:
            self._db.change(_SHOWN, incident_id=incident_id, at=at, body=_ESTIMATE.dump_json(estimate).decode())

    def shown(self) -> list[Shown]:
        """Every estimate that was shown, the oldest first."""
        return [(one, at, _ESTIMATE.validate_json(body)) for one, at, body in self._db.rows(_ALL_SHOWN)]

    def keep_uptime(self, more: Uptime) -> None:
        """Add what was counted since the last time."""
        for date, seconds in more.seconds.items():
            for (component, level), span_s in seconds.items():
                self._db.change(_ADD_UPTIME, component=component, date=date, level=str(level), seconds=span_s)
        for hour in {*more.watched, *more.replies}:
            replies, watched_s = more.replies.get(hour, 0), more.watched.get(hour, 0.0)
            self._db.change(_ADD_HOUR, hour=hour, replies=replies, watched_s=watched_s)

    def days(self, since: str) -> dict[str, list[DayUptime]]:
        """The uptime of each component from that date on, the oldest day first."""
        found: dict[str, dict[str, dict[Level, float]]] = {}
        for component, date, level, seconds in self._db.rows(_DAYS, since=since):
            found.setdefault(component, {}).setdefault(date, {})[Level(level)] = seconds
        return {component: [DayUptime(*day) for day in days.items()] for component, days in found.items()}

    def hours(self, since: int) -> Sequence[tuple[int, int, float]]:
        """(hour, replies, watched seconds) from that hour on; what lies before is forgotten."""
        self._db.change(_FORGET_HOURS, before=since)
        return [(hour, replies, watched_s) for hour, replies, watched_s in self._db.rows(_HOURS, since=since)]

    def samples(self, step_s: int, since: float) -> list[Sample]:
        """Load and latency in steps of a minute or a quarter of an hour, from then on. What is older is forgotten."""
        self._db.change(_FORGET_SAMPLES, step=step_s, before=int(since))
        return [_SAMPLE.validate_json(body) for (body,) in self._db.rows(_SAMPLES, step=step_s, since=int(since))]

    def keep_samples(self, step_s: int, samples: Iterable[Sample]) -> None:
        """Write them as they are now."""
        for one in samples:
            self._db.change(_KEEP_SAMPLE, step_s=step_s, at=one.at, body=_SAMPLE.dump_json(one).decode())

    def keep_act(self, at: float, by: str, act: str) -> None:
        """Somebody has done something."""
        self._db.change(_ACT, id=self._db.value(_NEXT_ACT), at=at, by=by, act=act)

    def acts(self, limit: int) -> Sequence[tuple[float, str, str]]:
        """(when, who, what), the last one first."""
        return [(at, by, act) for at, by, act in self._db.rows(_ACTS, most=limit)]

    def told(self) -> set[str]:
        """The ids of all notices that were ever to be told."""
        return {notice_id for (notice_id,) in self._db.rows(_TOLD)}

    def keep_notices(self, notices: Iterable[Notice], receivers: Iterable[str], now: float) -> None:
        """They are to be told to all of these, from now on."""
        with self.transaction():
            for notice in notices:
                body = _NOTICE.dump_json(notice).decode()
                for receiver in receivers:
                    row = {"notice_id": notice.id, "receiver": receiver, "body": body, "tries": 0, "due_at": now}
                    self._db.change(_TO_TELL, **row)

    def deliveries(self, now: float) -> list[Delivery]:
        """What is to be told by now, in the order in which it came up."""
        rows = self._db.rows(_DUE, now=now)
        return [Delivery(receiver, _NOTICE.validate_json(body), tries) for receiver, body, tries in rows]

    def keep_try(self, one: Delivery, again_at: float | None) -> None:
        """It was tried: again then, or never. What comes after it for the same receiver waits with it."""
        with self.transaction():
            self._db.change(_TRIED, notice=one.notice.id, whom=one.receiver, again_at=again_at)
            if again_at is not None:
                self._db.change(_HOLD, whom=one.receiver, again_at=again_at)

    def life(self) -> tuple[float, bool, int] | None:
        """When somebody last looked, whether they ended in good order, and how far they had read the log."""
        row = self._db.row(_LIFE)
        return None if row is None else (row[0], bool(row[1]), row[2])

    def live(self, alive_at: float, seq: int, *, ended: bool = False) -> None:
        """Somebody is looking, or has just ended in good order."""
        self._db.change(_LIVE, id=1, alive_at=alive_at, ended=int(ended), seq=seq)
