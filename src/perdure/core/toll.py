"""What an incident has done to people, counted from what was promised and what is there.

The health process notes what web and workers have told clients: the messages that were acknowledged, and how far
replies were shown. What of that is there no more was lost (promises 1 and 2 say that nothing is); nobody assumes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from perdure.core.incidents import Toll
from perdure.core.traffic import Moment

KEPT = 20_000
"""How many messages are remembered: those of hours, where it is busy."""

WAITED_S = 5.0
"""A reply that nobody began with for so long had to wait."""

_WELL = ("done", "stopped", "released")


@dataclass(slots=True)
class Promised:
    """What clients were told, the oldest first, and which turns did not go well."""

    shown: dict[str, int] = field(default_factory=dict)
    """How far each message was shown, in code points, by its id."""
    erased: set[str] = field(default_factory=set)
    """Messages that people have deleted: purging them, or what is below them, is no loss."""
    parents: dict[str, str | None] = field(default_factory=dict)
    chats: dict[str, str] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)
    harmed: dict[str, tuple[float, str]] = field(default_factory=dict)
    """When a turn last had trouble, or had waited, and its chat."""
    waiting: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Since when a turn waits that nobody has begun with, and its chat."""
    failed: dict[str, float] = field(default_factory=dict)
    """When a turn was given up."""

    def take(self, moment: Moment) -> None:
        """Note one more entry of the log."""
        if moment.message_id is not None:
            self._message(moment, moment.message_id)
        if moment.kind == "turn" and moment.turn_id is not None and moment.view is not None:
            attempts = moment.view["attempts"]
            since, chat = self.waiting.pop(moment.turn_id, (moment.at, moment.chat_id))
            if moment.view["state"] == "queued" and not attempts:
                self.waiting[moment.turn_id] = (since, chat)
            elif moment.at - since >= WAITED_S:
                self.harmed[moment.turn_id] = (moment.at, chat)
            if attempts and attempts[-1]["ended_at"] is not None and attempts[-1]["outcome"] not in _WELL:
                self.harmed[moment.turn_id] = (moment.at, moment.chat_id)
            if moment.view["state"] == "failed":
                self.failed[moment.turn_id] = moment.at
        for remembered in (self.at, self.harmed, self.failed, self.waiting):
            while len(remembered) > KEPT:
                self._forget(next(iter(remembered)))

    def told_since(self, begun: float) -> dict[str, str]:
        """The messages that were told of since then and that nobody has deleted, and the chats that they are in."""
        since = [one for one, at in self.at.items() if at >= begun]
        erased = self._erased_of(since)
        return {one: self.chats[one] for one in since if one not in erased}

    def touched(self, begun: float, ended: float) -> dict[str, str]:
        """The turns that were interrupted or had to wait between two instants, and the chats that they are in."""
        harmed = {turn: chat for turn, (at, chat) in self.harmed.items() if begun <= at <= ended}
        waits = {turn: chat for turn, (at, chat) in self.waiting.items() if ended - max(begun, at) >= WAITED_S}
        return {**waits, **harmed}

    def toll(self, begun: float, ended: float, there: Mapping[str, int], people: int = 0) -> Toll:
        """The toll of an incident between two instants. `there` are the lengths of what `told_since` has named, as far
        as it is there; `people` are those in the chats that `touched` has named.
        """
        touched = self.touched(begun, ended)
        lost = [one for one in self.told_since(begun) if one not in there or there[one] < self.shown[one]]
        failed = sum(1 for at in self.failed.values() if begun <= at <= ended)
        return Toll(len(touched), len(set(touched.values())), failed, len(lost), people)

    def _message(self, moment: Moment, message_id: str) -> None:
        if moment.kind == "message":
            assert moment.view is not None
            self.shown.setdefault(message_id, len(moment.view["text"]))
            self.parents[message_id] = moment.view["parent_id"]
            self.chats[message_id] = moment.chat_id
            self.at[message_id] = moment.at
        elif moment.kind == "delta" and message_id in self.shown:
            self.shown[message_id] = max(self.shown[message_id], moment.upto)
            # Moved to the end: what was shown last is forgotten last.
            self.at.pop(message_id, None)
            self.at[message_id] = moment.at
        elif moment.kind == "hidden" and moment.view is not None:
            (self.erased.add if moment.view["hidden"] else self.erased.discard)(message_id)

    def _erased_of(self, messages: Iterable[str]) -> set[str]:
        """Those that were deleted, or stand below one that was. Each way up is gone once: stories are long."""
        known = dict.fromkeys(self.erased, True)
        for message in messages:
            way: list[str] = []
            above: str | None = message
            while above is not None and above not in known:
                way.append(above)
                above = self.parents.get(above)
            known.update(dict.fromkeys(way, above is not None and known[above]))
        return {message for message, is_erased in known.items() if is_erased}

    def _forget(self, key: str) -> None:
        for remembered in (self.at, self.shown, self.parents, self.chats, self.harmed, self.failed, self.waiting):
            remembered.pop(key, None)
        self.erased.discard(key)
