"""The verdict finds each breach in records that somebody else could have written, and nothing in sound ones."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

import pytest

from perdure.client import Event, Transcript
from perdure.drill.conversation import Exchange
from perdure.drill.plan import Kind
from perdure.drill.verdict import ChatRecord, Fault, judge_chat, judge_watch, times
from perdure.drill.watch import Source, Watch

Change = Callable[[dict[str, Any]], None]


def message(n: int, role: str) -> dict[str, Any]:
    turn_id = None if role == "user" else f"turn-{n}"
    text = f"question {n}" if role == "user" else f"answer {n}"
    return {
        "id": f"{role}-{n}",
        "role": role,
        "text": text,
        "turn_id": turn_id,
        "state": "done",
        "parent_id": None,
    }


def turn(n: int) -> dict[str, Any]:
    attempts = [
        {"n": 1, "worker": "worker-1", "ended_at": "then", "outcome": "worker_died"},
        {"n": 2, "worker": "worker-2", "ended_at": "then", "outcome": "done"},
    ]
    return {
        "id": f"turn-{n}", "chat_id": "chat", "message_id": f"character-{n}", "state": "done", "text": f"answer {n}",
        "attempts": attempts, "error": None,
    }  # fmt: skip


def sound() -> dict[str, Any]:
    """Two exchanges: what the server answers at the end. Changes break it."""
    return {
        "messages": [message(n, role) for n in (1, 2) for role in ("user", "character")],
        "turns": {f"turn-{n}": turn(n) for n in (1, 2)},
    }


def judged(server: dict[str, Any]) -> list[Fault]:
    """The faults in what a server answers, when two sound exchanges were acknowledged and shown."""
    transcript = Transcript("chat")
    shown = deepcopy(sound()["messages"])
    for seq, data in enumerate(shown, 1):
        transcript.see(Event(seq, "message", data))
    exchanges = [Exchange(f"user-{n}", f"question {n}", f"turn-{n}", f"answer {n}") for n in (1, 2)]
    record = ChatRecord(transcript, exchanges, cast(Any, server["messages"]), server["turns"])
    return [finding.fault for finding in judge_chat(record)]


def test_what_is_sound_is_not_doubted() -> None:
    """A takeover alone is no breach: that is what everything is for."""
    assert judged(sound()) == []


BROKEN: dict[str, tuple[Change, Fault]] = {
    "an acknowledged message is gone": (lambda s: s["messages"].pop(2), Fault.LOST),
    "a message is there twice": (lambda s: s["messages"].append(message(2, "user")), Fault.DUPLICATED),
    "a message is there that nobody sent": (
        lambda s: s["messages"].append(message(3, "user")),
        Fault.DUPLICATED,
    ),
    "a message was changed": (lambda s: s["messages"][0].update(text="?"), Fault.ALTERED),
    "messages changed places": (lambda s: s["messages"].insert(0, s["messages"].pop(2)), Fault.DISORDERED),
    "a turn is gone": (lambda s: s["turns"].update({"turn-1": None}), Fault.LOST),
    "a reply is gone": (lambda s: s["messages"].pop(1), Fault.LOST),
    "a reply is there twice": (lambda s: s["messages"].append(message(2, "character")), Fault.DUPLICATED),
    "a turn has not ended": (lambda s: s["turns"]["turn-2"].update(state="running"), Fault.UNENDED),
    "a turn failed": (lambda s: s["turns"]["turn-2"].update(state="failed"), Fault.FAILED),
    "an attempt has no end": (
        lambda s: s["turns"]["turn-1"]["attempts"][0].update(outcome=None),
        Fault.MISRECORDED,
    ),
    "an attempt is missing": (lambda s: s["turns"]["turn-1"]["attempts"].pop(0), Fault.MISRECORDED),
}


@pytest.mark.parametrize("what", BROKEN)
def test_each_breach_is_found(what: str) -> None:
    """One thing wrong, one finding."""
    server = sound()
    change, fault = BROKEN[what]
    change(server)
    assert judged(server) == [fault]


def test_a_reply_that_is_not_what_was_shown_is_found() -> None:
    """Message and turn agree with each other, and neither with the person nor with the model."""
    server = sound()
    server["messages"][1]["text"] = server["turns"]["turn-1"]["text"] = "answer 1 answer 1"
    assert judged(server) == [Fault.TAKEN_BACK, Fault.ALTERED]


@pytest.mark.parametrize(
    ("kind", "outcome", "right"),
    [
        (Kind.KILL_WORKER, "worker_died", True),
        (Kind.FREEZE_WORKER, "lease_expired", True),
        (Kind.KILL_WORKER, "model_cut", False),
        (Kind.KILL_MODEL, "model_cut", True),
        (Kind.KILL_MODEL, "worker_died", False),
        (Kind.KILL_ALL, "worker_died", True),
        (Kind.KILL_ALL, "released", False),
    ],
)
def test_the_record_says_what_was_done(kind: Kind, outcome: str, right: bool) -> None:
    """Promise 8, looked at from outside: an attempt that was struck has an outcome that fits."""
    struck = turn(1)
    struck["attempts"][0]["outcome"] = outcome
    watch = Watch(1, 0, "turn-1", Source.ATTEMPT, 1, 0.0, taken_over=True)
    assert (judge_watch(watch, kind, cast(Any, struck)) is None) is right


def test_percentiles_are_times_that_were_measured() -> None:
    """The nearest rank, and never a mean of two; what found nothing to take over counts apart."""
    took: list[float | None] = [0.4, None, 0.1, 0.3, 0.2]
    figures = times([Watch(n, 0, None, Source.ATTEMPT, 1, 0.0, took_s=s) for n, s in enumerate(took)])
    assert (figures.count, figures.none) == (4, 1)
    assert (figures.p50_s, figures.p99_s, figures.max_s) == (0.2, 0.4, 0.4)
    assert times([]).p50_s is None
