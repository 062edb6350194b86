"""How long each component stood at each level, by day; and what was asked for, by the hour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from perdure.core.health import Level

LONGEST_S = 10.0
"""Looks that are further apart than this leave a gap: nobody looked in between."""


@dataclass(slots=True)
class Uptime:
    """Adds up the seconds since the last time that they were taken away."""

    counted_at: float | None = None
    seconds: dict[str, dict[tuple[str, Level], float]] = field(default_factory=dict)
    """By date (YYYY-MM-DD, UTC), then by component and level."""
    watched: dict[int, float] = field(default_factory=dict)
    """Seconds by hour (Unix time over 3600)."""
    replies: dict[int, int] = field(default_factory=dict)
    """Replies that were asked for, by hour."""

    def count(self, levels: Mapping[str, Level], now: float) -> None:
        """They have stood so since the last time."""
        since, self.counted_at = self.counted_at, now
        if since is None or not 0.0 <= now - since <= LONGEST_S:
            return
        for date, span_s in _days(since, now):
            day = self.seconds.setdefault(date, {})
            for component, level in levels.items():
                day[component, level] = day.get((component, level), 0.0) + span_s
        hour = int(now // 3600)
        self.watched[hour] = self.watched.get(hour, 0.0) + now - since

    def asked(self, at: float) -> None:
        """A reply was asked for."""
        hour = int(at // 3600)
        self.replies[hour] = self.replies.get(hour, 0) + 1

    def taken(self) -> Uptime:
        """What has been added up, and begin anew."""
        taken = Uptime(None, self.seconds, self.watched, self.replies)
        self.seconds, self.watched, self.replies = {}, {}, {}
        return taken

    def give_back(self, taken: Uptime) -> None:
        """What was taken could not be put anywhere."""
        for date, seconds in taken.seconds.items():
            day = self.seconds.setdefault(date, {})
            for key, more in seconds.items():
                day[key] = day.get(key, 0.0) + more
        for hour, watched_s in taken.watched.items():
            self.watched[hour] = self.watched.get(hour, 0.0) + watched_s
        for hour, replies in taken.replies.items():
            self.replies[hour] = self.replies.get(hour, 0) + replies


def date_of(at: float) -> str:
    """The date of an instant, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _days(since: float, until: float) -> Iterator[tuple[str, float]]:
    """The parts of a span by day."""
    while since < until:
        midnight = datetime.fromtimestamp(since, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        end = min(until, (midnight + timedelta(days=1)).timestamp())
        yield date_of(since), end - since
        since = end
