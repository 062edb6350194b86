"""Saved prompts on disk: the latest are kept, the rest goes, and what is not whole is nobody's."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from perdure.core.prompt import PromptMessage
from perdure.models import prompt_files
from perdure.models.prompt_files import PromptFiles, Saved, text_of, touch

SIZE = 1000
Usage = type(shutil.disk_usage("/"))


def kept(root: Path, limit_bytes: int = 10 * SIZE, identity: str = "poet") -> PromptFiles:
    """The prompts of a model."""
    files = PromptFiles(root, identity, limit_bytes)
    files.folder.mkdir(parents=True, exist_ok=True)
    return files


def save(files: PromptFiles, text: str, *, head: bool = True, ago_s: float = 0.0) -> Saved:
    """A prompt that was saved so long ago."""
    file = files.new(head=head)
    file.write_bytes(os.urandom(SIZE))
    files.add(file, text, SIZE)
    saved = next(saved for saved in files.saved() if saved.file == file)
    os.utime(saved.record, (time.time() - ago_s,) * 2)
    return saved


def texts(files: PromptFiles) -> list[str]:
    """What is kept, the latest first."""
    return [saved.text for saved in files.saved()]


def test_the_limit_removes_what_was_used_longest_ago(tmp_path: Path) -> None:
    """Use counts, not age; and it is one limit for all models, of which only one runs."""
    files = kept(tmp_path, 3 * SIZE)
    other = kept(tmp_path, 3 * SIZE, "dramatist")
    save(other, "another model's", ago_s=500)
    first = save(files, "first", ago_s=400)
    save(files, "second", ago_s=300)
    touch(first)
    save(files, "third")
    assert sorted(texts(files)) == ["first", "second", "third"]
    assert texts(other) == []
    save(files, "fourth")
    assert sorted(texts(files)) == ["first", "fourth", "third"]
    assert len(list(files.folder.iterdir())) == 6


def test_a_full_disk_gets_its_room_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be made again makes room for what cannot, as much as is needed."""
    files = kept(tmp_path)
    for n in range(4):
        save(files, f"prompt {n}", ago_s=100 - n)
    free = prompt_files.RESERVE_BYTES - 2 * SIZE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))
    files.fit()
    assert texts(files) == ["prompt 3", "prompt 2"]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 0))
    files.fit()
    assert list(files.folder.iterdir()) == []


def test_a_conversation_is_forgotten_after_a_day(tmp_path: Path) -> None:
    """It is there for a model that dies; what all chats of a character share is of use for longer."""
    files = kept(tmp_path)
    save(files, "a head", ago_s=30 * 24 * 3600)
    save(files, "a chat", head=False, ago_s=25 * 3600)
    save(files, "a late chat", head=False, ago_s=3600)
    files.fit()
    assert sorted(texts(files)) == ["a head", "a late chat"]


def test_of_a_conversation_the_latest_is_kept(tmp_path: Path) -> None:
    """It holds what was read before. Heads stay: new chats begin with them."""
    files = kept(tmp_path)
    save(files, "Ada.")
    save(files, "Ada. Hello.", head=False)
    save(files, "Bob. Hello.", head=False)
    save(files, "Ada. Hello. And then?", head=False)
    assert sorted(texts(files)) == ["Ada.", "Ada. Hello. And then?", "Bob. Hello."]


def test_what_was_never_finished_is_not_there(tmp_path: Path) -> None:
    """A file without its record, of a worker that died between the two, is passed over, and removed when it is old."""
    files = kept(tmp_path)
    saved = save(files, "whole")
    orphan = files.new(head=True)
    orphan.write_bytes(b"half of")
    assert texts(files) == ["whole"]
    files.fit()
    assert orphan.exists()
    os.utime(orphan, (1, 1))
    files.fit()
    assert not orphan.exists()
    assert saved.sound()


def test_a_short_write_is_no_prompt(tmp_path: Path) -> None:
    """The disk was full behind the model's back."""
    files = kept(tmp_path)
    file = files.new(head=True)
    file.write_bytes(b"x" * 10)
    with pytest.raises(OSError, match="not written to its end"):
        files.add(file, "text", 11)
    assert list(files.folder.iterdir()) == []


def test_a_record_that_is_damaged_is_unsound(tmp_path: Path) -> None:
    """Also the record may be torn."""
    files = kept(tmp_path)
    saved = save(files, "whole")
    saved.record.write_text(saved.record.read_text()[:20])
    assert [saved.sound() for saved in kept(tmp_path).saved()] == [False]


def test_what_is_on_trial_is_not_cleared_away(tmp_path: Path) -> None:
    """However long ago it was saved: another process may clear up meanwhile. What is left on trial goes, in time."""
    files = kept(tmp_path)
    saved = save(files, "whole", ago_s=2 * prompt_files.RUBBISH_S)
    os.utime(saved.file, (0, 0))
    with saved.on_trial():
        files.fit()
    assert files.saved() == [saved]
    aside = saved.record.with_suffix(".trying")
    saved.record.rename(aside)  # as a process leaves it that dies of the file
    for _ in range(2):
        files.fit()
    assert list(files.folder.iterdir()) == []


def test_all_can_be_forgotten(tmp_path: Path) -> None:
    """Of every model, and what is not finished as well; the folders stay, into which llama.cpp writes."""
    files = kept(tmp_path)
    save(files, "whole")
    save(kept(tmp_path, identity="dramatist"), "another model's", head=False)
    files.new(head=True).write_bytes(b"half")
    prompt_files.forget(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert files.folder.is_dir()


def test_what_is_on_trial_is_gone_until_it_has_stood_it(tmp_path: Path) -> None:
    """A process that dies of it leaves nothing that the next one would try."""
    files = kept(tmp_path)
    saved = save(files, "whole", ago_s=50)
    used_at = saved.record.stat().st_mtime
    with saved.on_trial():
        assert texts(files) == []
    assert texts(files) == ["whole"]
    assert saved.record.stat().st_mtime == used_at
    with pytest.raises(RuntimeError), saved.on_trial():
        raise RuntimeError
    assert list(files.folder.iterdir()) == []


def test_the_closest_is_what_begins_alike_the_longest(tmp_path: Path) -> None:
    """Up to the first character that differs; of two that do equally well the shorter."""
    files = kept(tmp_path)
    assert files.closest("Ada.") == (None, 0)
    ada = save(files, "Ada keeps a lighthouse.")
    save(files, "Ada keeps a lighthouse. Hello.", head=False)
    save(files, "Ada keeps bees.")
    closest, length = files.closest("Ada keeps a lighthouse. Good evening.")
    assert closest is not None
    assert closest.text == "Ada keeps a lighthouse. Hello."
    assert length == len("Ada keeps a lighthouse. ")
    assert files.closest("Ada keeps a lighthouse.") == (ada, len(ada.text))


def test_messages_make_one_text() -> None:
    """One that goes on begins with the one before."""
    one = (PromptMessage("system", "You are Ada."), PromptMessage("user", "Hello"))
    assert text_of((*one, PromptMessage("assistant", "Come in."))).startswith(text_of(one))
