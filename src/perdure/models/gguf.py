"""Whether a file can be a model for llama.cpp, told before C++ gets to see it.

A file that is something else would only fail with "check the input params", or abort the process. Format: the GGUF
specification of ggml (magic, version, counts).
"""

from __future__ import annotations

import struct
from pathlib import Path

from perdure.core.errors import ModelMissing

_HEADER = struct.Struct("<4sIQQ")
_VERSIONS = (2, 3)
_SMALLEST_BYTES = 1_000_000
"""No chat model is smaller; what is, is a stub or a download that broke off."""
_MOST_ENTRIES = 1_000_000
"""More tensors or settings than any model has: the header is nonsense."""


def check(gguf: Path) -> int:
    """The size of a plausible GGUF file in bytes. Raises ModelMissing with a sentence that says what to do."""
    called = f"The model file {gguf.name}"
    try:
        size = gguf.stat().st_size
        with gguf.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        raise ModelMissing(f"{called} does not exist. Check the path given with --gguf.") from None
    except IsADirectoryError:
        raise ModelMissing(f"{called} is a folder. Give --gguf the .gguf file in it.") from None
    except OSError as error:
        raise ModelMissing(f"{called} cannot be read: {error.strerror}.") from None
    if head.startswith(b"version https://git-lfs"):
        raise ModelMissing(f"{called} is only a Git LFS pointer. Download the file itself (`git lfs pull`).")
    if head.lstrip()[:1] == b"<":
        raise ModelMissing(f"{called} is a web page that was saved in its place. Download the file itself.")
    if not head.startswith(b"GGUF"):
        raise ModelMissing(f"{called} is no GGUF file. Perdure runs models in the GGUF format of llama.cpp.")
    if len(head) < _HEADER.size or size < _SMALLEST_BYTES:
        raise ModelMissing(f"{called} is cut off after {size} bytes. Download it again.")
    _, version, tensors, settings = _HEADER.unpack_from(head)
    if version not in _VERSIONS:
        raise ModelMissing(f"{called} has a GGUF version that is not supported. Download a current conversion.")
    if not 0 < tensors < _MOST_ENTRIES or not 0 < settings < _MOST_ENTRIES:
        raise ModelMissing(f"{called} is damaged. Download it again.")
    return size
