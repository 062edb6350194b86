"""Fetching one large file over HTTP, so that nothing that has arrived is fetched twice."""

from __future__ import annotations

import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from perdure.core.errors import ModelMissing
from perdure.models import package_client

SILENCE_S = 30.0
TRIES = 3
"""So many tries in a row that bring nothing new end the download, until somebody calls again."""
PAUSE_S = 1.0
BLOCK_BYTES = 256 * 1024
STEP_BYTES = 512 * 1024
"""How often progress is told."""


class NeedsClient(ModelMissing):
    """The file's server wants credentials or a certificate that only the package client may have."""


def resume(url: str, part: Path, total_bytes: int, progress: Callable[[int, int], None]) -> None:
    """Complete the file `part`, of which the beginning may be there already, to `total_bytes`.

    Asks for the missing rest (RFC 9110, section 14: Range); a server that does not know ranges sends all again.
    Raises NeedsClient, ModelMissing when the network does not do, and OSError when the disk does not.
    """
    opener = _opener()
    barren = 0
    while (there := part.stat().st_size if part.exists() else 0) < total_bytes:
        try:
            _continue(opener, url, part, there, total_bytes, progress)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (401, 403, 407):
                raise _needs_client() from None
            if error.code == 416:  # what is there is no beginning of what the server has
                part.unlink()
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLError):
                raise _needs_client() from None
        except (http.client.HTTPException, ConnectionError):
            pass  # what has arrived is kept
        barren = 0 if part.exists() and part.stat().st_size > there else barren + 1
        if barren == TRIES:
            raise ModelMissing(
                f"The download of the starter model broke off after {there / 1e6:.0f} of {total_bytes / 1e6:.0f} MB. "
                "Check the network; it goes on from there by itself.",
            )
        if barren:
            time.sleep(PAUSE_S)


def _continue(
    opener: urllib.request.OpenerDirector,
    url: str,
    part: Path,
    there: int,
    total_bytes: int,
    progress: Callable[[int, int], None],
) -> None:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", "User-Agent": "perdure"})
    if there:
        request.add_header("Range", f"bytes={there}-")
    with opener.open(request, timeout=SILENCE_S) as response:
        begins = f"bytes {there}-"
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(begins)
        with part.open("ab" if resumed else "wb") as file:
            done = there if resumed else 0
            progress(done, total_bytes)
            while done < total_bytes and (block := _read(response)):
                file.write(block[: total_bytes - done])
                before, done = done, min(total_bytes, done + len(block))
                if before // STEP_BYTES != done // STEP_BYTES:
                    progress(done, total_bytes)
            file.flush()
            os.fsync(file.fileno())


def _read(response: http.client.HTTPResponse) -> bytes:
    """What has arrived by now. What fails here is the network, not the disk: raises ConnectionError."""
    try:
        return response.read1(BLOCK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionError from error


def _opener() -> urllib.request.OpenerDirector:
    """Proxies as the environment says, certificates as the package client has them."""
    authority = package_client.setting("cert")
    try:
        context = ssl.create_default_context(cafile=authority or None)
    except OSError:
        context = ssl.create_default_context()
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


def _needs_client() -> NeedsClient:
    return NeedsClient(
        "The package index that pip uses does not hand out the starter model without further credentials. "
        "Check pip's configuration.",
    )
