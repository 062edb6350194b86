"""The record: what a transaction can read and write, and how one is run.

A use case is a plain function over `Records`; `Store.write` runs it in one transaction and returns when that is
durable (promise 1). Functions may be run more than once and in another thread: they touch nothing but their arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from perdure.core.ancestry import Node
from perdure.core.errors import PerdureError
from perdure.core.records import (
    AddedBackend,
    Append,
    Attempt,
    Chat,
    Counts,
    Event,
    Hidden,
    HiddenMessage,
    Message,
    News,
    OpenTurn,
    Persona,
    Report,
    Said,
    StoredCharacter,
    TurnSettings,
    Unforeseen,
    Use,
)
from perdure.core.traffic import Moment
from perdure.core.turn import State, Turn
from perdure.ports.bell import Hint

T = TypeVar("T")


class FenceLost(Exception):
    """A write for a turn came with a fence that is no longer the turn's: nothing was written (promise 3)."""


class Turns(Protocol):
    """Turns, their attempts and their text so far."""

    def get(self, turn_id: str) -> Turn | None: ...
    def settings(self, turn_id: str) -> TurnSettings: ...
    def add(self, turn: Turn, settings: TurnSettings) -> None: ...

    def seed_text(self, turn: Turn, text: str, now: float) -> Turn:
        """Let a queued turn's reply begin with `text`."""
        ...

    def save(self, turn: Turn, fence: int) -> None:
        """Write the turn if its fence is still `fence`. Raises FenceLost.

        A turn that has ended lets go of its text: whoever ends it reads that before, and settles the message with it.
        """
        ...

    def queued(self, now: float, limit: int) -> Sequence[Turn]:
        """Turns that may be claimed at `now`, oldest first."""
        ...

    def running_of(self, owner: str) -> Sequence[Turn]: ...
    def running_of_others(self, name: str, incarnation: str) -> Sequence[Turn]:
        """Running turns that earlier incarnations of the worker `name` held."""
        ...

    def expired(self, now: float) -> Sequence[Turn]:
        """Running turns whose lease has run out."""
        ...

    def stuck(self, before: float) -> Sequence[Turn]:
        """Running turns without a new character since `before`, and claimed before it."""
        ...

    def waiting_since(self, before: float) -> Sequence[Turn]:
        """Queued turns without a new character since `before`."""
        ...

    def renew(self, owner: str, until: float) -> int:
        """Prolong every lease of `owner`; returns how many."""
        ...

    def count_queued(self, now: float, before: float) -> int:
        """How many turns wait to be claimed that were asked for before an instant."""
        ...

    def append(self, appends: Sequence[Append], now: float) -> Collection[Append]:
        """Write text under fences and log it as deltas; returns those whose fence or offset did not fit."""
        ...

    def text(self, turn_id: str) -> str:
        """The reply so far; empty once the turn has ended."""
        ...

    def reasoning(self, turn_id: str) -> str: ...
    def unfinished(self, chat_id: str) -> Sequence[Turn]: ...
    def open_attempt(self, turn_id: str, attempt: Attempt) -> None: ...
    def close_attempt(
        self, turn_id: str, n: int, ended_at: float, outcome: str, error: PerdureError | None
    ) -> None: ...
    def attempts(self, turn_id: str) -> Sequence[Attempt]: ...


class Messages(Protocol):
    """The trees of messages."""

    def get(self, message_id: str) -> Message | None: ...
    def add(self, messages: Sequence[Message]) -> None: ...
    def settle(self, message_id: str, text: str, state: State, error: PerdureError | None) -> None:
        """Put the final text, state and error on a reply."""
        ...

    def mark(self, message_id: str, state: State) -> None:
        """Show how the reply stands."""
        ...

    def branch(self, leaf_id: str, limit: int) -> Sequence[Message]:
        """The messages from `leaf_id` up to the root, at most `limit`, oldest first."""
        ...

    def history(self, leaf_id: str, limit: int, length: int) -> Sequence[Said]:
        """The same for a prompt: no further up than it takes for texts of `length` code points together."""
        ...

    def node(self, message_id: str) -> Node:
        """Where a message stands. It has to be there: for the way up from one that is."""
        ...

    def siblings(self, chat_id: str, parent_ids: Collection[str | None]) -> Mapping[str | None, Sequence[str]]:
        """Under each parent (None: the roots) the children that are not hidden themselves, oldest first."""
        ...

    def newest_within(self, chat_id: str, message_id: str) -> str:
        """The newest message of those below `message_id` that are not hidden, or itself. Takes time for all of them."""
        ...

    def hidden(self, chat_id: str) -> Sequence[Node]:
        """The messages of a chat that were deleted themselves; whatever is below one is hidden too."""
        ...

    def hide(self, message_id: str, head_before: str | None, now: float) -> None:
        """Mark as deleted; `head_before` is the head that is moved away for it, None where it is not."""
        ...

    def show(self, message_id: str) -> None:
        """Take the mark away."""
        ...

    def head_before(self, message_id: str) -> str | None: ...
    def count_hidden(self) -> int:
        """Hidden messages of chats that are shown."""
        ...

    def hidden_lately(self, limit: int) -> Sequence[HiddenMessage]:
        """Those that were deleted themselves, in chats that are shown, the last deleted first."""
        ...

    def hidden_anywhere(self, limit: int) -> Sequence[tuple[str, str]]:
        """(chat, message) of those that were deleted themselves, in chats that are shown."""
        ...

    def purge(self, chat_id: str, message_id: str) -> int:
        """Erase a message, all below it, and their turns; returns how many messages."""
        ...


class Chats(Protocol):
    """Chats, and who takes part in them."""

    def get(self, chat_id: str) -> Chat | None: ...
    def taken(self, chat_id: str) -> bool: ...
    def add(self, chat: Chat) -> None: ...
    def listed(
        self, before: float | None, limit: int, sought: str = "", character_id: str | None = None
    ) -> Sequence[Chat]:
        """The last used first; with `sought` in title, preview or a name, in any case; with the character in it."""
        ...

    def move_head(self, chat_id: str, head_id: str | None, now: float) -> None: ...
    def rename(self, chat_id: str, title: str) -> None: ...
    def set_persona(self, chat_id: str, persona_id: str | None) -> None: ...
    def draft(self, chat_id: str) -> str: ...
    def keep_draft(self, chat_id: str, text: str) -> None:
        """Keep what is being written; an empty text is none."""
        ...

    def hide(self, chat_id: str, now: float) -> None: ...
    def show(self, chat_id: str) -> None: ...
    def hidden(self) -> Sequence[Hidden]: ...
    def is_hidden(self, chat_id: str) -> bool: ...
    def condemn(self) -> int:
        """Give up the hidden chats in which nothing is being written, for ever; returns how many."""
        ...

    def condemn_transient(self, before: float) -> int:
        """Give up the chats of the OpenAI-compatible endpoint that ended before; returns how many."""
        ...

    def erase(self, limit: int) -> int | None:
        """Remove at most so many rows of what was given up; returns how many messages, None where there was nothing."""
        ...


class Characters(Protocol):
    """Characters and their avatars. Hidden ones stay reachable by id, since chats go on with them."""

    def get(self, character_id: str) -> StoredCharacter | None: ...
    def name(self, character_id: str) -> str | None: ...
    def shown(self, character_id: str) -> StoredCharacter | None: ...
    def by_name(self, name: str) -> StoredCharacter | None: ...
    def by_digest(self, digest: str) -> StoredCharacter | None: ...
    def all(self) -> Sequence[StoredCharacter]: ...
    def add(self, stored: StoredCharacter, avatar: bytes | None) -> None: ...
    def change(self, stored: StoredCharacter) -> None: ...
    def avatar(self, character_id: str) -> bytes | None: ...
    def set_avatar(self, character_id: str, avatar: bytes | None, now: float) -> None:
        """Put a picture in the place of what is there; None takes it away."""
        ...

    def mark(self, character_id: str, favourite: bool) -> None: ...
    def use(self, character_id: str) -> Use:
        """How much the character is talked with."""
        ...

    def uses(self) -> Mapping[str, Use]:
        """The same for all that are talked with, by their ids."""
        ...

    def hide(self, character_id: str, now: float) -> None: ...
    def show(self, character_id: str) -> None: ...
    def hidden(self) -> Sequence[Hidden]: ...
    def purge(self) -> int:
        """Erase the hidden ones that are in no chat, hidden chats included; returns how many."""
        ...


class Personas(Protocol):
    """Who the user is. Hidden ones stay reachable by id, since chats go on with them."""

    def get(self, persona_id: str) -> Persona | None: ...
    def shown(self, persona_id: str) -> Persona | None: ...
    def all(self) -> Sequence[Persona]: ...
    def put(self, persona: Persona) -> bool:
        """Add it, or change its name and description and show it again. Returns whether it is new."""
        ...

    def hide(self, persona_id: str, now: float) -> None: ...
    def show(self, persona_id: str) -> None: ...
    def hidden(self) -> Sequence[Hidden]: ...
    def purge(self) -> int:
        """Erase the hidden ones that no chat has, hidden chats included; returns how many."""
        ...

    def avatar(self, persona_id: str) -> bytes | None: ...
    def set_avatar(self, persona_id: str, avatar: bytes | None) -> None:
        """Put a picture in the place of what is there; None takes it away."""
        ...


class Settings(Protocol):
    """What was set while Perdure runs. A value is anything that JSON can hold but null."""

    def all(self) -> Mapping[str, object]: ...
    def get(self, key: str) -> object:
        """What was set; None where nothing was."""
        ...

    def put(self, key: str, value: object, now: float) -> None: ...
    def remove(self, key: str) -> None: ...


class Backends(Protocol):
    """Backends that were added while Perdure runs, with their keys."""

    def get(self, backend_id: str) -> AddedBackend | None: ...
    def all(self) -> Sequence[AddedBackend]: ...
    def put(self, backend: AddedBackend) -> bool:
        """Add it, or change all but when it was added. Returns whether it is new."""
        ...

    def remove(self, backend_id: str) -> None:
        """For good, and its key with it."""
        ...


class UnforeseenGroups(Protocol):
    """Exceptions that nobody foresaw, in groups."""

    def note(self, seen: Unforeseen) -> None:
        """Count it where its group is known, and keep what the last one tells."""
        ...

    def lately(self, limit: int) -> Sequence[Unforeseen]:
        """The last seen first."""
        ...

    def times(self) -> Mapping[str, int]:
        """How often each group was seen, by its fingerprint."""
        ...

    def remove(self, fingerprint: str) -> None: ...


class Reports(Protocol):
    """What people have told the operator."""

    def get(self, report_id: str) -> Report | None: ...
    def add(self, report: Report) -> None: ...
    def lately(self, limit: int) -> Sequence[Report]:
        """The last one first."""
        ...

    def count(self) -> int: ...
    def remove(self, report_id: str) -> None: ...
    def forget_erased(self) -> None:
        """Erase the texts of messages that were erased."""
        ...


class Archive(Protocol):
    """Everything at once."""

    def counts(self) -> Counts:
        """Of what is shown; of messages all that shown chats have."""
        ...

    def chat_ids(self) -> Sequence[str]:
        """Of the chats that are shown, the oldest first."""
        ...

    def message_ids(self, chat_id: str) -> Sequence[str]:
        """Of all messages of a chat, deleted ones too, in the order in which they came: parents first."""
        ...


class Events(Protocol):
    """The log that clients follow."""

    def add(self, news: Sequence[News], now: float) -> None:
        """Log what happened, in this order."""
        ...

    def after(self, seq: int, limit: int) -> Sequence[Event]:
        """Events of all chats behind `seq`, in order."""
        ...

    def of_chat(self, chat_id: str, after: int, upto: int) -> Sequence[Event]:
        """The chat's events behind `after`, up to and with `upto`. Takes time for every event in between."""
        ...

    def lately(self, span_s: float, most: int) -> int:
        """The seq behind which the log's last `span_s` seconds stand, or its last `most` events."""
        ...

    def bounds(self) -> tuple[int, int]:
        """The lowest seq from which a replay is whole, and the last seq given out."""
        ...

    def prune(self, before: float, limit: int) -> int:
        """Forget the first events, as far as they are older than `before`, at most `limit`; returns how many."""
        ...


class Traffic(Protocol):
    """What goes on, for whoever watches over it."""

    def since(self, seq: int, limit: int) -> Sequence[Moment]:
        """The log behind `seq`, in order; of text only how far it goes."""
        ...

    def open_turns(self, limit: int) -> Sequence[OpenTurn]:
        """Turns that are being written, then those that wait, the oldest first."""
        ...

    def lengths(self, message_ids: Collection[str]) -> Mapping[str, int]:
        """Of those messages that are there, hidden or not: how long their text is, in code points."""
        ...

    def people(self, chat_ids: Collection[str]) -> int:
        """How many personas people write as in these chats; those who write as none are one."""
        ...


class Records(Protocol):
    """One transaction."""

    @property
    def turns(self) -> Turns: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def chats(self) -> Chats: ...
    @property
    def characters(self) -> Characters: ...
    @property
    def personas(self) -> Personas: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def backends(self) -> Backends: ...
    @property
    def archive(self) -> Archive: ...
    @property
    def unforeseen(self) -> UnforeseenGroups: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def events(self) -> Events: ...
    @property
    def traffic(self) -> Traffic: ...


class Store(Protocol):
    """Runs transactions. Raises StoreUnavailable or StoreFull where the disk or the database will not."""

    async def write(
        self,
        work: Callable[[Records], T],
        *,
        durable: bool = True,
        brief: bool = False,
        hints: Collection[Hint] = (),
    ) -> T:
        """Run `work` in one transaction, and ring `hints` once it is committed; returns after that.

        `durable=False` may lose the commit to a power cut (never to a killed process): for claims and renewals, which
        are worth nothing when all processes are gone, and are made durable by the first text behind them.
        `brief` is what takes less than waking somebody else to do it: it may run in the caller's thread, where it waits
        for nobody.
        """
        ...

    async def read(self, work: Callable[[Records], T], *, brief: bool = False) -> T:
        """Run `work` over one consistent snapshot. `brief` as above: a few rows that were just written."""
        ...

    async def close(self) -> None: ...
