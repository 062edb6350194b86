"""CHARX: a ZIP archive with `card.json` and the files that it names as its assets (V3 card spec)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

from perdure.cards.jsontext import encode_json
from perdure.cards.limits import MAX_ARCHIVE_ENTRIES, MAX_DOCUMENT_BYTES, MAX_FILE_BYTES, megabytes
from perdure.core.characters import CardError

_CARD: Final = "card.json"
_ICON: Final = "assets/icon/image/main.png"
_SCHEME: Final = "embeded://"  # spelt so in the spec
_SCHEMES: Final = (_SCHEME, "embedded://")  # and as people spell it
_ENTRY_MARK: Final = b"PK\x01\x02"
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the library raises on a broken archive, an encrypted member and a wrong checksum.
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)


def card_document(archive: bytes) -> bytes:
    """The JSON text of the card in a CHARX file. Raises CardError when there is none to be read."""
    document = _member(archive, _CARD, MAX_DOCUMENT_BYTES)
    if document is None:
        raise CardError(
            "This ZIP archive is not a character: it holds no card.json.",
            "Choose a CHARX file, or unpack the archive and choose the card in it.",
        )
    return document


def main_icon(archive: bytes, card: Mapping[str, object]) -> bytes | None:
    """The picture that the card names as the character's icon, where it is in the archive.

    Raises CardError when the picture is damaged.
    """
    data = card.get("data")
    assets = data.get("assets") if isinstance(data, Mapping) else None
    icons = [
        asset
        for asset in (assets if isinstance(assets, list) else [])
        if isinstance(asset, Mapping) and asset.get("type") == "icon"
    ]
    icons.sort(key=lambda icon: icon.get("name") != "main")
    for icon in icons:
        uri = icon.get("uri")
        if isinstance(uri, str) and uri.startswith(_SCHEMES):
            picture = _member(archive, uri.partition("://")[2], MAX_FILE_BYTES)
            if picture is not None:
                return picture
    return None


def write_archive(card: Mapping[str, object], icon_png: bytes | None) -> bytes:
    """A CHARX file of a V3 card (see `to_card`) and its picture."""
    data = card.get("data")
    fields = dict(data) if isinstance(data, Mapping) else {}
    kept = fields.get("assets")
    # Only the icon's bytes are at hand: naming other files that once lay in the archive would be untrue.
    assets: list[object] = [
        asset
        for asset in (kept if isinstance(kept, list) else [])
        if isinstance(asset, Mapping)
        and not (asset.get("type") == "icon" and asset.get("name") == "main")
        and not str(asset.get("uri", "")).startswith(_SCHEMES)
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if icon_png is not None:
            assets.insert(0, {"type": "icon", "uri": _SCHEME + _ICON, "name": "main", "ext": "png"})
            _add(archive, _ICON, icon_png)
        _add(archive, _CARD, encode_json({**card, "data": {**fields, "assets": assets}}))
    return out.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    # A fixed date (the format's first day), so that the same character gives the same file.
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


def _member(archive: bytes, name: str, limit: int) -> bytes | None:
    """One file of the archive, None when it is not there. Never unpacks more than `limit` bytes."""
    if len(archive) > MAX_FILE_BYTES:
        raise CardError(
            f"This CHARX file is larger than {megabytes(MAX_FILE_BYTES)}.",
            "Remove assets from it, or choose the card as a PNG or JSON.",
        )
    # Counted in the bytes, because opening the archive already costs memory for each entry.
    if archive.count(_ENTRY_MARK) > MAX_ARCHIVE_ENTRIES:
        raise CardError("This archive holds too many files.", "Choose the card as a PNG or JSON.")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if name not in opened.namelist():
                return None
            entry = opened.getinfo(name)
            if entry.compress_type not in _METHODS:
                raise CardError("This archive is packed in a way CHARX does not use.", "Pack it as a plain ZIP.")
            with opened.open(entry) as stream:
                data = stream.read(limit + 1)
    except CardError:
        raise
    except _BROKEN:
        raise CardError(
            "This CHARX file is damaged or protected by a password.",
            "Get it again from where it came from, or choose the card as a PNG or JSON.",
        ) from None
    if len(data) > limit:
        raise CardError(
            f"A file in this archive unpacks to more than {megabytes(limit)}.",
            "Remove large assets from it, or choose the card as a PNG or JSON.",
        )
    return data
