"""From any picture that somebody sends to one that is safe to keep and quick to show.

The picture is decoded within limits, made small and encoded anew, so nothing of the file that was sent
is ever served: no metadata, no place where it was taken, nothing hidden behind the pixels.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from perdure.cards.limits import MAX_FILE_BYTES, MAX_PIXELS, megabytes
from perdure.cards.png import SIGNATURE, without_text
from perdure.core.characters import CardError

AVATAR_SIDE: Final = 768  # pixels; the longer side at most
SMALL_SIDE: Final = 256
MEDIA_TYPE: Final = "image/webp"

_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_SMOOTH: Final = ("L", "RGB", "RGBA", "CMYK", "YCbCr")  # modes in which pixels can be averaged
_QUALITY: Final = 85


def make_avatar(data: bytes) -> bytes:
    """The picture as a WEBP no larger than 768 by 768 pixels, in its own proportions.

    Raises CardError for what is no PNG, JPEG or WEBP, is damaged, or has more than 40 megapixels.
    """
    return _encode(_decode(data), "WEBP")


def make_small(avatar: bytes) -> bytes:
    """An avatar for lists, as a WEBP no larger than 256 by 256 pixels. Raises CardError as `make_avatar` does."""
    picture = _decode(avatar)
    picture.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    return _encode(picture, "WEBP")


def as_png(data: bytes) -> bytes:
    """An avatar as PNG, to carry a card out of here. Raises CardError as `make_avatar` does."""
    return _encode(_decode(data), "PNG")


def blank_png(name: str) -> bytes:
    """A plain picture in a colour of this name's own, for the card of a character that has no avatar."""
    hue = hashlib.sha256(name.encode()).digest()[0]
    shade = Image.linear_gradient("L").resize((400, 600))  # light falls from above
    value = shade.point([230 - level // 2 for level in range(256)])
    flat = (Image.new("L", shade.size, level) for level in (hue, 90))
    return _encode(Image.merge("HSV", (*flat, value)).convert("RGB"), "PNG")


def _decode(data: bytes) -> Image.Image:
    """The first frame, upright, small enough, as RGB or RGBA."""
    if len(data) > MAX_FILE_BYTES:
        raise CardError(f"This picture is larger than {megabytes(MAX_FILE_BYTES)}.", "Choose a smaller picture.")
    if data.startswith(SIGNATURE):
        data = without_text(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is stricter
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        if picture.width * picture.height > MAX_PIXELS:
            raise _too_large()
        return _fitted(picture)
    except Image.DecompressionBombError:
        raise _too_large() from None
    except UnidentifiedImageError:
        raise CardError("This is no picture that can be read.", "Choose a PNG, JPEG or WEBP file.") from None
    except CardError:
        raise
    except Exception:  # decoders of hostile data raise whatever they trip over: struct.error, OSError, …
        raise CardError("This picture is damaged.", "Choose another picture, or get it again.") from None


def _fitted(picture: Image.Image) -> Image.Image:
    picture.draft("RGB", (AVATAR_SIDE, AVATAR_SIDE))  # lets JPEG skip most of the work
    if picture.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would cut off at white
        picture = picture.convert("I").point([level >> 8 for level in range(65536)], "L")
    if picture.mode in _SMOOTH:  # early, because what follows makes copies
        picture.thumbnail((AVATAR_SIDE, AVATAR_SIDE), Image.Resampling.LANCZOS)
    see_through = "A" in picture.getbands() or "transparency" in picture.info
    picture = picture.convert("RGBA" if see_through else "RGB")
    picture.thumbnail((AVATAR_SIDE, AVATAR_SIDE), Image.Resampling.LANCZOS)
    return ImageOps.exif_transpose(picture)


def _encode(picture: Image.Image, kind: str) -> bytes:
    clean = Image.new(picture.mode, picture.size)  # carries the pixels and nothing else
    clean.paste(picture)
    out = io.BytesIO()
    if kind == "WEBP":
        clean.save(out, kind, quality=_QUALITY, method=4)
    else:
        clean.save(out, kind, optimize=True)
    return out.getvalue()


def _too_large() -> CardError:
    return CardError(f"This picture has more than {MAX_PIXELS // 1_000_000} megapixels.", "Choose a smaller picture.")
