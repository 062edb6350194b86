"""A file that is no model is told from one before llama.cpp sees it, with what to do about it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from perdure.core.errors import ModelMissing
from perdure.models import gguf


def header(magic: bytes = b"GGUF", version: int = 3, tensors: int = 272, settings: int = 30) -> bytes:
    return struct.pack("<4sIQQ", magic, version, tensors, settings)


def test_a_plausible_file_passes(tmp_path: Path) -> None:
    """The check is of the header only; the size is told for the check of the memory."""
    path = tmp_path / "good.gguf"
    path.write_bytes(header() + bytes(2_000_000))
    assert gguf.check(path) == 2_000_024


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no GGUF"),
        (b"PK\x03\x04" + bytes(2_000_000), "no GGUF"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"),
        (b"\n<!doctype html>", "web page"),
        (header(), "cut off"),
        (header()[:7], "cut off"),
        (header(version=1) + bytes(2_000_000), "version"),
        (header(version=0x03000000) + bytes(2_000_000), "version"),
        (header(tensors=1 << 60) + bytes(2_000_000), "damaged"),
        (header(settings=0) + bytes(2_000_000), "damaged"),
    ],
)
def test_what_is_no_model_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    """Each wrong file gets its own sentence, which names the file and not its folder."""
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelMissing, match=says) as raised:
        gguf.check(path)
    assert "bad.gguf" in raised.value.detail
    assert str(tmp_path) not in raised.value.detail


def test_a_wrong_path_is_named(tmp_path: Path) -> None:
    """A missing file and a folder are mistakes in the settings."""
    with pytest.raises(ModelMissing, match="does not exist"):
        gguf.check(tmp_path / "none.gguf")
    with pytest.raises(ModelMissing, match="folder"):
        gguf.check(tmp_path)
