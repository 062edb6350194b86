"""Prompts that the model has read, kept on disk: which there are, which of them are sound, and which have to go.

Each is a file of llama.cpp's and a record beside it, which is written last: a file without a record was never finished
and is rubbish. Workers of several processes write here, so names are never used twice and nothing is changed in place.
What one model has read means nothing to another: each has a folder of its own, and only the limit counts over all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from perdure.core.prompt import PromptMessage
from perdure.files import write_whole

RESERVE_BYTES = 512 * 1024 * 1024
"""What is left free on the disk for what cannot be made again."""
CHAT_KEPT_S = 24 * 3600.0
"""How long a conversation is kept behind its last use. It is for a model that dies, not for remembering."""
RUBBISH_S = 60.0
"""How old a file without a record is when nobody can still be about to write one, in seconds."""

_RECORD = ".json"
_ON_TRIAL = ".trying"


def text_of(messages: Sequence[PromptMessage]) -> str:
    """The messages as one text. Two prompts are read alike as far as their texts are the same."""
    return "".join(f"{message.role}\n{message.content}\n" for message in messages)


@dataclass(frozen=True, slots=True)
class Saved:
    """A prompt on disk. `file` holds what the model knows behind reading `text`."""

    file: Path
    text: str
    size: int
    digest: str

    @property
    def record(self) -> Path:
        """What makes the file one that may be used."""
        return self.file.with_name(self.file.name + _RECORD)

    def sound(self) -> bool:
        """Whether the file is, byte for byte, what was written. llama.cpp does not ask, and dies of one that is not."""
        try:
            return self.file.stat().st_size == self.size and _digest(self.file) == self.digest
        except OSError:
            return False

    def remove(self) -> None:
        """Forget it; somebody else may have, at the same time."""
        _remove(self.record, self.file)

    @contextmanager
    def on_trial(self) -> Iterator[None]:
        """Out of everybody's sight for as long as the block takes, and for ever if it fails or the process ends in it.

        So a file that kills the model is given to it once.
        """
        aside = self.record.with_suffix(_ON_TRIAL)
        used_at = self.record.stat().st_mtime_ns
        self.record.rename(aside)
        os.utime(aside)  # by that, others see that it is no rubbish yet
        try:
            yield
        except BaseException:
            _remove(aside, self.file)
            raise
        os.utime(aside, ns=(used_at, used_at))
        aside.rename(self.record)


class PromptFiles:
    """The prompts that the model called `identity` has read, below `root`; at most `limit_bytes` with all others'."""

    def __init__(self, root: Path, identity: str, limit_bytes: int) -> None:
        self.folder = root / identity
        self.limit_bytes = limit_bytes
        self.root = root
        self._records: dict[str, Saved] = {}

    def saved(self) -> list[Saved]:
        """All there are, the one that was used last first. Raises OSError where the folder cannot be read."""
        with os.scandir(self.folder) as entries:
            found = {entry.name: entry for entry in entries if entry.name.endswith(_RECORD)}
        self._records = {name: self._records.get(name) or self._read(name) for name in found}
        used_at: dict[str, float] = {}
        for name, entry in found.items():
            with suppress(OSError):
                used_at[name] = entry.stat().st_mtime
        return [self._records[name] for name in sorted(used_at, key=lambda name: -used_at[name])]

    def closest(self, text: str) -> tuple[Saved | None, int]:
        """The prompt that has the longest beginning in common with `text`, and how many characters that is."""
        best, length = None, 0
        for saved in self.saved():
            alike = _alike(saved.text, text)
            # Of two, the shorter: what all chats share is not to grow old behind one of them.
            if alike > length or (best is not None and alike == length and len(saved.text) < len(best.text)):
                best, length = saved, alike
        return best, length

    def new(self, *, head: bool) -> Path:
        """A file that does not exist yet, for a head that a character's chats share or for the prompt of one chat."""
        return self.folder / f"{'head' if head else 'chat'}-{uuid.uuid4().hex}"

    def add(self, file: Path, text: str, size: int) -> None:
        """From now on `file`, of so many bytes, is what was read of `text`. Raises OSError where it is not whole."""
        _remove(file.with_name(file.name + ".ckpt"))  # llama.cpp can do without, and nobody would check it
        if file.stat().st_size != size:
            _remove(file)
            raise OSError(f"it was not written to its end, {size} bytes")
        saved = Saved(file, text, size, _digest(file))
        before = self.saved()
        write_whole(saved.record, json.dumps({"text": text, "size": size, "digest": saved.digest}).encode())
        for older in before:  # of one conversation the latest is enough; a head may have been saved by two at once
            if text == older.text or (older.file.name.startswith("chat") and text.startswith(older.text)):
                older.remove()
        self.fit()

    def fit(self) -> None:
        """Remove what is rubbish, too old or too much, what was used longest ago first, also where the disk is full."""
        now = time.time()
        known: list[tuple[float, int, Path]] = []
        for file in self.root.glob("*/*"):
            with suppress(OSError):
                record = file if file.name.endswith(_RECORD) else file.with_name(file.name + _RECORD)
                aside = record.with_suffix(_ON_TRIAL)
                if not record.exists():
                    if now - (aside if aside.exists() else file).stat().st_mtime > RUBBISH_S:
                        _remove(file)
                elif file is not record:
                    known.append((record.stat().st_mtime, file.stat().st_size, file))
        used = sum(size for _, size, _ in known)
        allowed = min(self.limit_bytes, used + shutil.disk_usage(self.root).free - RESERVE_BYTES)
        for used_at, size, file in sorted(known):
            if used > allowed or (file.name.startswith("chat") and now - used_at > CHAT_KEPT_S):
                _remove(file.with_name(file.name + _RECORD), file)
                used -= size

    def _read(self, name: str) -> Saved:
        """A record; one that cannot be read is nobody's prompt, and unsound."""
        file = self.folder / name.removesuffix(_RECORD)
        try:
            said = json.loads((self.folder / name).read_bytes())
            return Saved(file, str(said["text"]), int(said["size"]), str(said["digest"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Saved(file, "", -1, "")


def forget(root: Path) -> None:
    """Erase everything that is kept below `root`, whichever model has read it."""
    _remove(*root.glob("*/*"))


def touch(saved: Saved) -> None:
    """It has been used."""
    with suppress(OSError):
        os.utime(saved.record)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with in common, by halving: comparing them one by one takes milliseconds."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _remove(*files: Path) -> None:
    for file in files:
        with suppress(OSError):
            file.unlink()
