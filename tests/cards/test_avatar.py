"""Pictures from strangers become avatars, or a sentence."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from perdure.cards.avatar import AVATAR_SIDE, as_png, blank_png, make_avatar
from perdure.cards.png import SIGNATURE, write_card
from perdure.core.characters import CardError


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 60), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *(("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
    ],
)
def test_every_picture_of_the_three_formats_becomes_an_avatar(kind: str, mode: str) -> None:
    """PNG, JPEG and WEBP of any colour mode come out as WEBP in their own proportions."""
    avatar = opened(make_avatar(picture(kind, mode, (1600, 2400))))
    assert (avatar.format, avatar.size) == ("WEBP", (512, AVATAR_SIDE))


def test_small_pictures_are_not_blown_up() -> None:
    """An avatar is made smaller where needed and never larger."""
    assert opened(make_avatar(picture("PNG"))).size == (40, 60)


def test_sixteen_bits_of_grey_keep_their_shade() -> None:
    """A picture of 16 bits is scaled to 8, not cut off at white."""
    source = io.BytesIO()
    Image.new("I;16", (8, 8), 0x4000).save(source, "PNG")
    shade = opened(as_png(source.getvalue())).getpixel((4, 4))
    assert shade == (0x40, 0x40, 0x40)


def test_transparency_is_kept() -> None:
    """What was see-through stays so, also where a palette says it."""
    source = io.BytesIO()
    Image.new("P", (8, 8)).save(source, "PNG", transparency=0)
    assert opened(make_avatar(source.getvalue())).mode == "RGBA"


def test_nothing_but_the_pixels_is_kept() -> None:
    """Where a photograph was taken and what else a file says is not served to others."""
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x0112] = 6  # lies on its side
    for kind in ("JPEG", "WEBP", "PNG"):
        data = picture(kind, exif=exif)
        assert b"Secret Camera" in data
        avatar = make_avatar(data)
        assert b"Secret" not in avatar
        assert opened(avatar).size == (60, 40), "turned upright before the note that says so was dropped"


def test_a_large_card_in_a_picture_does_not_hide_the_picture() -> None:
    """Text chunks that an image library would refuse are taken off before it looks."""
    card = {"name": "Ada", "description": "x" * 4_000_000}
    packed = b"chara\0\0" + zlib.compress(b"x" * 4_000_000)
    ztxt = struct.pack(">I4s", len(packed), b"zTXt") + packed + struct.pack(">I", zlib.crc32(b"zTXt" + packed))
    plain = picture("PNG")
    assert opened(make_avatar(write_card(plain, chara=card, ccv3=card))).size == (40, 60)
    assert opened(make_avatar(plain[:33] + ztxt + plain[33:])).size == (40, 60)


def test_a_picture_of_too_many_pixels_is_not_decoded() -> None:
    """A few bytes that promise 900 megapixels, or just over the limit, are turned away by their header."""
    for width, height in ((30_000, 30_000), (8_000, 5_001)):
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        data = zlib.compress(b"")
        bomb = SIGNATURE
        for kind, body in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b"")):
            bomb += struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
        with pytest.raises(CardError, match="40 megapixels"):
            make_avatar(bomb)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM"])
def test_other_formats_are_refused(kind: str) -> None:
    """Only three decoders are let near strangers' bytes."""
    with pytest.raises(CardError, match="no picture"):
        make_avatar(picture(kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_pictures_are_refused_in_a_sentence(kind: str) -> None:
    """A file that breaks off, or was never more than a beginning, is a CardError and nothing else."""
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    out = io.BytesIO()
    noise.save(out, kind)
    whole = out.getvalue()
    for cut in (4, 12, 30, len(whole) // 2):
        with pytest.raises(CardError):
            make_avatar(whole[:cut])


def test_a_name_always_gives_the_same_blank_picture() -> None:
    """A character without an avatar exports the same file every time, and not everybody looks alike."""
    assert blank_png("Ada") == blank_png("Ada") != blank_png("Eve")
    assert opened(blank_png("")).format == "PNG"
