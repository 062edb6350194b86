"""Avatars in and out: what comes in is decoded and made anew, what goes out may be kept for long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import anyio
from fastapi import Request, Response
from starlette.datastructures import UploadFile

from perdure.cards.avatar import MEDIA_TYPE, make_avatar, make_small
from perdure.core.characters import CardError
from perdure.core.errors import BadPicture, Invalid, NotFound, TooLarge, UnsupportedMedia
from perdure.core.records import picture_digest

MAX_PICTURE_BYTES = 10_000_000

KINDS = ("image/png", "image/jpeg", "image/webp")

DECODING = anyio.CapacityLimiter(2)
"""Pictures that are decoded at once: each may take 200 MB of memory while it is."""

_BINARY: Mapping[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_FORM: Mapping[str, Any] = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A PNG, JPEG or WEBP picture of 10 MB and 40 megapixels at most: as it is, or `file` of a form.",
        "content": {**dict.fromkeys(KINDS, _BINARY), "multipart/form-data": _FORM},
    }
}
"""What OpenAPI tells of such a request: FastAPI sees only that the handler reads it by itself."""

SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {}}},
    304: {"description": "The client has it already."},
}


SMALL_KEPT = 500
"""Small pictures that a web process has at hand, of some 10 kB each; the one made first makes room."""
_made_small: dict[str, bytes] = {}

Size = Literal["small"]
"""How large a picture may be asked for: for lists, 256 pixels at most; as it is where nothing is said."""


async def picture_in(request: Request) -> bytes:
    """The picture that a request brings, made into an avatar.

    Raises BadPicture for what is none, TooLarge, UnsupportedMedia for other kinds of content, Invalid for a form
    without a file.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=8) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Invalid("file: the form has to bring the picture as a file.")
            data = await file.read()
    elif kind in KINDS:
        data = await request.body()
    else:
        raise UnsupportedMedia(
            f"This came as {kind or 'nothing known'}.",
            remedy="Send the picture as image/png, image/jpeg or image/webp.",
        )
    if len(data) > MAX_PICTURE_BYTES:
        raise TooLarge(
            f"This picture is larger than {MAX_PICTURE_BYTES // 1_000_000} MB.", remedy="Choose a smaller picture."
        )
    try:
        return await anyio.to_thread.run_sync(make_avatar, data, limiter=DECODING)
    except CardError as error:
        raise BadPicture(error.problem, remedy=error.remedy) from error


async def picture_out(
    avatar: bytes | None, version: str | None, size: Size | None, if_none_match: str | None
) -> Response:
    """An avatar. Under the address that names its version it never changes; under any other it is asked for anew.

    Raises NotFound where there is none.
    """
    if avatar is None:
        raise NotFound("There is no picture here.")
    digest = picture_digest(avatar)
    kept = "max-age=31536000, immutable" if version == digest else "no-cache"
    headers = {"ETag": f'"{digest}-{size}"' if size else f'"{digest}"', "Cache-Control": f"private, {kept}"}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if size == "small":
        avatar = await _small(digest, avatar)
    return Response(avatar, headers=headers, media_type=MEDIA_TYPE)


async def _small(digest: str, avatar: bytes) -> bytes:
    """Made once for all who look at the same list: it takes as long as many a reply's first word."""
    if digest not in _made_small:
        _made_small[digest] = await anyio.to_thread.run_sync(make_small, avatar, limiter=DECODING)
        if len(_made_small) > SMALL_KEPT:
            del _made_small[next(iter(_made_small))]
    return _made_small[digest]
