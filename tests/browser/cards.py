"""Character cards as other programs write them, made here without Perdure's own code."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

SPECS = {"v2": ("chara_card_v2", "2.0", "chara"), "v3": ("chara_card_v3", "3.0", "ccv3")}


def json_card(name: str, spec: str = "v3", **fields: object) -> bytes:
    """A card as a JSON document."""
    kind, version, _ = SPECS[spec]
    data = {"name": name, "first_mes": "Good evening.", "description": "", "tags": [], **fields}
    return json.dumps({"spec": kind, "spec_version": version, "data": data}).encode()


def png_card(name: str, spec: str = "v3", **fields: object) -> bytes:
    """A picture with a card in the text chunk that the version of the specification names."""
    text = PngInfo()
    text.add_text(SPECS[spec][2], base64.b64encode(json_card(name, spec, **fields)).decode())
    return picture(text)


def picture(text: PngInfo | None = None) -> bytes:
    """A picture that is no card unless there is one in its text."""
    out = io.BytesIO()
    Image.new("RGB", (48, 64), (40, 110, 120)).save(out, "PNG", pnginfo=text)
    return out.getvalue()


def saved(folder: Path, **files: bytes) -> list[str]:
    """The paths of the files, written with a dot for the last underscore of their names."""
    paths = [folder / ".".join(name.rsplit("_", 1)) for name in files]
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    return [str(path) for path in paths]
