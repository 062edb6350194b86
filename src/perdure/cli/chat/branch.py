"""Which message an order means. Pure: the messages of the branch that is shown in, ids out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perdure.client.shapes import Message


@dataclass(frozen=True, slots=True)
class Show:
    """A message that is there, to be shown with the newest of what follows it."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A reply to `parent_id` that is to be written: the first, or one more beside others."""

    parent_id: str
    first: bool


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why there is nothing to be done."""

    why: str


def place(message: Message) -> tuple[int, int]:
    """Which of how many siblings a message is, from 1."""
    siblings = message.get("siblings") or [message["id"]]
    return (siblings.index(message["id"]) + 1 if message["id"] in siblings else len(siblings), len(siblings))


def marked(message: Message) -> str:
    """ "2/3", or nothing for a message without siblings."""
    n, of = place(message)
    return f"{n}/{of}" if of > 1 else ""


def swiped(messages: Sequence[Message], step: int) -> Show | Ask | Nothing:
    """The reply so many steps beside the last one; one step behind the last of them is a new one."""
    if not messages:
        return Nothing("nothing was said yet")
    n, _ = place(messages[-1])
    return swiped_to(messages, n + step)


def swiped_to(messages: Sequence[Message], n: int) -> Show | Ask | Nothing:
    """The nth reply beside the last one, counted from 1."""
    if not messages:
        return Nothing("nothing was said yet")
    last = messages[-1]
    if last["role"] == "user":
        return Ask(last["id"], first=True)
    here, of = place(last)
    if n == here:
        return Nothing(f"this is {here}/{of}")
    if 1 <= n <= of:
        return Show((last.get("siblings") or [last["id"]])[n - 1])
    if n < 1:
        return Nothing("this is the first")
    if last["parent_id"] is None:
        return Nothing("this is the last greeting" if of > 1 else "this is the only greeting")
    return Ask(last["parent_id"], first=False)


def another(messages: Sequence[Message]) -> Ask | Nothing:
    """One more reply, whatever there is."""
    found = swiped_to(messages, place(messages[-1])[1] + 1) if messages else Nothing("nothing was said yet")
    return found if not isinstance(found, Show) else Nothing("there is nothing to reply to")


def greeted(messages: Sequence[Message], n: int | None) -> Show | Nothing:
    """The nth greeting, or the next one, behind the last the first."""
    first = messages[0] if messages else None
    if first is None or first["parent_id"] is not None or first["role"] != "character":
        return Nothing("the greeting of this chat is not within reach: /new begins another one")
    siblings = first.get("siblings") or [first["id"]]
    here, of = place(first)
    wanted = here % of + 1 if n is None else n
    if of == 1:
        return Nothing("this is the only greeting")
    if wanted > of:
        return Nothing(f"there are {of} greetings")
    return Nothing(f"this is {here}/{of}") if wanted == here else Show(siblings[wanted - 1])


def rewound(messages: Sequence[Message], n: int) -> Show | Nothing:
    """Where the branch ends without the person's last n messages and all that followed them."""
    spoken = [message for message in messages if message["role"] == "user"]
    before = spoken[-n]["parent_id"] if len(spoken) >= n else None
    return Show(before) if before is not None else Nothing("there is nothing to go back to")


def last_of(messages: Sequence[Message], role: str) -> Message | None:
    """The last message of the person ("user") or of a character."""
    return next((message for message in reversed(messages) if message["role"] == role), None)
