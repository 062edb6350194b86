"""What came of it: what people were shown, what was acknowledged, what the server says at the end, and the breaches.

Pure, so that each breach can be tried without a server.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from perdure.client import Transcript
from perdure.client.shapes import FINAL, Message, Turn
from perdure.drill.conversation import Exchange
from perdure.drill.plan import Kind
from perdure.drill.watch import Source, Watch


class Fault(StrEnum):
    """What can be wrong. The first seven are what `perdure.client.transcript` sees while it reads."""

    GAP = "gap"
    REPEATED = "repeated"
    TAKEN_BACK = "taken_back"
    AFTER_END = "after_end"
    LOST = "lost"
    DUPLICATED = "duplicated"
    FORGOTTEN = "forgotten"
    ALTERED = "altered"
    """A text is whole, but not the text that was sent or that the model said."""
    DISORDERED = "disordered"
    """Messages are there in another order than they were acknowledged in."""
    FAILED = "failed"
    """A turn ended otherwise than done, though every failure could be mended."""
    UNENDED = "unended"
    """A turn has not ended."""
    MISRECORDED = "misrecorded"
    """The attempts on record do not tell what happened."""
    STUCK = "stuck"
    """A conversation made no progress for longer than any failure takes to mend."""
    UNANSWERED = "unanswered"
    """A call was refused, or not answered for too long."""
    REFUSED = "refused"
    """A connection was refused while the supervisor lived."""
    ORPHAN = "orphan"
    """A process outlived its server."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach."""

    fault: Fault
    detail: str
    chat_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatRecord:
    """One chat at the end. `messages` and `turns` are what the server answers; turns by id, None where unknown.

    Of a conversation that was cut short, `pending` is a message that was not acknowledged yet, and `abandoned` a turn
    that was in progress: of both nothing can be said.
    """

    transcript: Transcript
    exchanges: Sequence[Exchange]
    messages: Sequence[Message]
    turns: Mapping[str, Turn | None]
    pending: str | None = None
    abandoned: str | None = None


_DEATHS = frozenset({"worker_died", "lease_expired"})
_ENDED = frozenset({"done"})
"""The strike came too late for this attempt: everything had been said."""


def judge_chat(record: ChatRecord) -> list[Finding]:
    """All breaches in one chat."""
    chat_id = record.transcript.chat_id
    seen = [
        Finding(Fault(breach.fault.value), breach.detail, chat_id, breach.message_id)
        for breach in record.transcript.breaches
    ]
    found = [
        *_accepted(record),
        *(finding for exchange in record.exchanges for finding in _reply(record, exchange)),
    ]
    return seen + [Finding(fault, detail, chat_id, message_id) for fault, detail, message_id in found]


_Found = tuple[Fault, str, str | None]


def _accepted(record: ChatRecord) -> Iterable[_Found]:
    """Every acknowledged message is there once, as it was sent, in order, and nothing that nobody sent."""
    listed = [message for message in record.messages if message["role"] == "user"]
    counts = Counter(message["id"] for message in listed)
    sent = {exchange.message_id: exchange for exchange in record.exchanges}
    for exchange in record.exchanges:
        if not counts[exchange.message_id]:
            yield Fault.LOST, f"{exchange.text!r} was acknowledged and is not there", exchange.message_id
    for message_id, count in counts.items():
        if message_id != record.pending and (count > 1 or message_id not in sent):
            yield (
                Fault.DUPLICATED,
                f"a message is there {count} times, acknowledged {message_id in sent}",
                message_id,
            )
    for message in listed:
        said = sent.get(message["id"])
        if said is not None and message["text"] != said.text:
            yield Fault.ALTERED, f"{message['text']!r} instead of {said.text!r}", message["id"]
    there = [message["id"] for message in listed if message["id"] in sent]
    asked = [exchange.message_id for exchange in record.exchanges if counts[exchange.message_id]]
    if there != asked and Counter(there) == Counter(asked):
        yield Fault.DISORDERED, "messages are not in the order in which they were acknowledged", None


def _reply(record: ChatRecord, exchange: Exchange) -> Iterable[_Found]:
    """The reply is there once, whole, and the one that was shown."""
    turn = record.turns.get(exchange.turn_id)
    if turn is None:
        yield Fault.LOST, "a turn was promised and is not there", exchange.message_id
        return
    if turn["id"] == record.abandoned and turn["state"] not in FINAL:
        return
    yield from _turn(turn)
    replies = [message for message in record.messages if message["turn_id"] == exchange.turn_id]
    if len(replies) != 1:
        fault = Fault.DUPLICATED if replies else Fault.LOST
        yield fault, f"{len(replies)} replies of one turn", turn["message_id"]
        return
    reply = replies[0]
    shown = record.transcript.messages.get(reply["id"])
    if shown is None:
        yield Fault.LOST, "a reply is there and was never shown", reply["id"]
    elif shown.text != reply["text"]:
        yield Fault.TAKEN_BACK, f"{_difference(shown.text, reply['text'])} (shown, on record)", reply["id"]
    if reply["text"] != turn["text"]:
        yield Fault.ALTERED, f"{_difference(reply['text'], turn['text'])} (message, turn)", reply["id"]
    if exchange.reply is not None and turn["state"] == "done" and reply["text"] != exchange.reply:
        yield (
            Fault.ALTERED,
            f"{_difference(reply['text'], exchange.reply)} (on record, expected)",
            reply["id"],
        )


def _turn(turn: Turn) -> Iterable[_Found]:
    if turn["state"] not in FINAL:
        yield Fault.UNENDED, f"the turn is {turn['state']} at the end", turn["message_id"]
        return
    if turn["state"] != "done":
        error = turn["error"]
        yield (
            Fault.FAILED,
            f"{turn['state']}: {error['detail'] if error else 'no reason'}",
            turn["message_id"],
        )
    numbers = [attempt["n"] for attempt in turn["attempts"]]
    if numbers != list(range(1, len(numbers) + 1)):
        yield Fault.MISRECORDED, f"attempts are numbered {numbers}", turn["message_id"]
    for attempt in turn["attempts"]:
        if attempt["outcome"] is None or attempt["ended_at"] is None:
            yield Fault.MISRECORDED, f"attempt {attempt['n']} has no end", turn["message_id"]


def judge_watch(watch: Watch, kind: Kind, turn: Turn | None) -> Finding | None:
    """Whether the record says of the struck attempt what was done to it."""
    if turn is None or watch.source is not Source.ATTEMPT or not (watch.taken_over and watch.attempt):
        return None
    attempts = {attempt["n"]: attempt["outcome"] for attempt in turn["attempts"]}
    outcome = attempts.get(watch.attempt)
    died = outcome in _DEATHS or outcome in _ENDED
    model_failed = outcome is not None and outcome.startswith("model_")
    match kind.role:
        case "worker":
            right = died
        case "model":
            right = model_failed or outcome in _ENDED
        case _:
            # Everything at once: what dies first is anyone's guess.
            right = died or model_failed
    if right or outcome is None:  # an attempt without an outcome is found by itself
        return None
    detail = f"strike {watch.strike} ({kind}): attempt {watch.attempt} of turn {turn['id']} says {outcome}"
    return Finding(Fault.MISRECORDED, detail, turn["chat_id"], turn["message_id"])


@dataclass(frozen=True, slots=True)
class Times:
    """Takeover times in seconds; None where there was none. `none`: watches that found nothing to take over."""

    count: int
    p50_s: float | None
    p99_s: float | None
    max_s: float | None
    none: int


def times(watches: Sequence[Watch]) -> Times:
    """The figures of some watches. Percentiles are nearest ranks."""
    took = sorted(watch.took_s for watch in watches if watch.took_s is not None)
    if not took:
        return Times(0, None, None, None, len(watches))
    return Times(len(took), _rank(took, 0.5), _rank(took, 0.99), took[-1], len(watches) - len(took))


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _difference(one: str, other: str) -> str:
    """Where two texts part, in a few characters."""
    pairs = zip(one, other, strict=False)
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    start = max(0, at - 12)
    return f"at {at} of {len(one)}/{len(other)}: {one[start : at + 24]!r}, {other[start : at + 24]!r}"
