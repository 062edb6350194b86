"""Avatars by HTTP: a picture comes in by either way, is made harmless and shows at once; no picture does harm."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.http.asking import Answer, Asking, new_id

pytestmark = pytest.mark.anyio

OWNERS = ("characters", "personas")


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 60), colour: int = 200, **options: Any) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", size, (colour, 30, 60)).save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of some kilobytes that says it is this large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


async def owner(ask: Asking, kind: str) -> str:
    """The path of somebody without a picture."""
    path = f"/api/v1/{kind}/{new_id()}"
    if kind == "personas":
        assert (await ask("PUT", path, json={"name": "Kim"})).status == 200
        return path
    made = await ask("POST", "/api/v1/characters", json={"name": "Kim", "id": path.rpartition("/")[2]})
    assert made.status == 201
    return path


async def put(ask: Asking, path: str, data: bytes, kind: str = "image/png") -> Answer:
    """Give somebody a picture."""
    return await ask("PUT", f"{path}/avatar", data=io.BytesIO(data), headers={"Content-Type": kind})


@pytest.mark.parametrize("kind", OWNERS)
async def test_lists_get_small_pictures(ask: Asking, kind: str) -> None:
    """In their own proportions, kept for as long as the large ones, and never mistaken for them."""
    path = await owner(ask, kind)
    await put(ask, path, picture(size=(600, 900)))
    url = (await ask.get(path))["avatar_url"] if kind == "characters" else f"{path}/avatar"
    whole = await ask("GET", url)
    small = await ask("GET", url, params={"size": "small"})
    assert Image.open(io.BytesIO(whole.content)).size == (512, 768)
    assert Image.open(io.BytesIO(small.content)).size == (171, 256)
    assert small.headers["Content-Type"] == "image/webp"
    assert small.headers["Cache-Control"] == whole.headers["Cache-Control"]
    tags = [answer.headers["ETag"] for answer in (whole, small)]
    assert tags[0] != tags[1]
    statuses = [
        (await ask("GET", url, params={"size": "small"}, headers={"If-None-Match": tag})).status for tag in tags
    ]
    assert statuses == [200, 304]
    (await ask("GET", url, params={"size": "huge"})).problem(422, "invalid")


@pytest.mark.parametrize("kind", OWNERS)
@pytest.mark.parametrize("sent", ["PNG", "JPEG", "WEBP", "a form"])
async def test_a_picture_becomes_an_avatar(ask: Asking, kind: str, sent: str) -> None:
    """As it is or in a form, it is small and of one kind afterwards, and nothing but its pixels is kept."""
    path = await owner(ask, kind)
    assert (await ask.get(path))["avatar_url"] is None
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    data = picture("PNG" if sent == "a form" else sent, (1600, 2400), exif=exif)
    assert b"Secret" in data
    if sent == "a form":
        form = aiohttp.FormData()
        form.add_field("file", data, filename="me.png")
        answer = await ask("PUT", f"{path}/avatar", data=form)
    else:
        answer = await put(ask, path, data, f"image/{sent.lower()}")
    assert answer.status == 200, answer
    assert await ask.get(path) == answer.json
    shown = await ask("GET", answer.json["avatar_url"])
    assert shown.headers["Content-Type"] == "image/webp"
    assert b"Secret" not in shown.content
    assert Image.open(io.BytesIO(shown.content)).size == (512, 768)


@pytest.mark.parametrize("kind", OWNERS)
async def test_a_changed_picture_shows_at_once(ask: Asking, kind: str) -> None:
    """Another picture has another address; the address of one may be kept for ever, any other is asked for anew."""
    path = await owner(ask, kind)
    first = (await put(ask, path, picture(colour=1))).json["avatar_url"]
    again = (await put(ask, path, picture(colour=1))).json["avatar_url"]
    assert again == first, "promise 7"
    second = (await put(ask, path, picture(colour=250))).json["avatar_url"]
    assert second != first
    one = await ask("GET", second)
    assert "immutable" in one.headers["Cache-Control"]
    assert (await ask("GET", second, headers={"If-None-Match": one.headers["ETag"]})).status == 304
    for stale in (first, f"{path}/avatar", f"{path}/avatar?v="):
        old = await ask("GET", stale)
        assert (old.content, old.headers["Cache-Control"]) == (one.content, "private, no-cache")
    removed = await ask("DELETE", f"{path}/avatar")
    assert (removed.status, removed.json["avatar_url"]) == (200, None)
    assert (await ask("DELETE", f"{path}/avatar")).status == 200
    (await ask("GET", second)).problem(404, "not_found")


def hostile() -> dict[str, bytes]:
    """Files that somebody might send as a picture."""
    return {
        "decompression bomb": bomb(1000, 1000)[:200] + b"\0" * 100,
        "huge": bomb(60_000, 60_000),
        "more than 40 megapixels": bomb(9000, 9000),
        "truncated png": picture("PNG", (900, 900))[:-400],
        "truncated jpeg": picture("JPEG", (900, 900))[:-400],
        "truncated webp": picture("WEBP", (900, 900))[:40],
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "gif": picture("GIF"),
        "tiff": picture("TIFF"),
        "html": b"<!doctype html><script>alert(1)</script>",
        "empty": b"",
        "noughts": b"\0" * 5000,
        "signature alone": b"\x89PNG\r\n\x1a\n",
        "riff": b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\xff" * 100,
    }


@pytest.mark.parametrize("name", hostile())
async def test_a_hostile_picture_is_refused(ask: Asking, name: str) -> None:
    """422 with what is wrong and what to do, and the picture of before stays."""
    path = await owner(ask, "characters")
    before = (await put(ask, path, picture())).json
    document = (await put(ask, path, hostile()[name])).problem(422, "bad_picture")
    assert "Traceback" not in document["detail"]
    assert await ask.get(path) == before


@pytest.mark.parametrize("kind", OWNERS)
async def test_an_upload_has_to_be_a_picture_of_somebody(ask: Asking, kind: str) -> None:
    """The right 4xx for everything else, and nothing is decoded for nobody."""
    path = await owner(ask, kind)
    (await put(ask, f"/api/v1/{kind}/{new_id()}", picture())).problem(404, "not_found")
    (await ask("DELETE", f"/api/v1/{kind}/{new_id()}/avatar")).problem(404, "not_found")
    (await put(ask, f"/api/v1/{kind}/nonsense", picture())).problem(422, "invalid")
    for other in ("image/svg+xml", "text/html", "application/json", "application/octet-stream", "nonsense"):
        (await put(ask, path, picture(), other)).problem(415, "unsupported_media_type")
    (await put(ask, path, b"a" * 10_500_000)).problem(413, "too_large")
    (await put(ask, path, b"a" * 12_000_000)).problem(413, "too_large")
    form = aiohttp.FormData()
    form.add_field("picture", picture(), filename="me.png")
    (await ask("PUT", f"{path}/avatar", data=form)).problem(422, "invalid")
    broken = {"Content-Type": "multipart/form-data"}
    (await ask("PUT", f"{path}/avatar", data=b"--y\r\n", headers=broken)).problem(400, "bad_request")
    assert (await ask.get(path))["avatar_url"] is None
