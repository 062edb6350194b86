"""How the built pages are served: never stale, never twice, and small on the way."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from perdure.http.encodings import accepted
from tests.http.asking import Asking, asking
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio
WEB = Path(__file__).parents[2] / "src" / "perdure" / "web"


@pytest.fixture
async def ask(installation: Installation) -> AsyncIterator[Asking]:
    """A client that takes what is sent as it is sent."""
    async with asking(installation.url, auto_decompress=False) as client:
        yield client


async def entry(ask: Asking) -> str:
    """The path of the script that the page begins with."""
    page = (await ask("GET", "/", headers={"Accept-Encoding": "identity"})).content.decode()
    found = re.search(r'src="(/assets/[^"]+\.js)"', page)
    assert found, page
    return found[1]


async def test_what_is_named_after_its_content_is_kept_for_ever(ask: Asking) -> None:
    """A hashed asset is immutable; the page, the worker and the manifest are asked for anew each time."""
    assert "immutable" in (await ask("GET", await entry(ask))).headers["Cache-Control"]
    for path in ("/", "/chats/anything", "/sw.js", "/manifest.webmanifest", "/appearance.js", "/favicon.svg"):
        answer = await ask("GET", path)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_files_have_the_types_that_browsers_insist_on(ask: Asking) -> None:
    """Whatever the machine's table of types says."""
    types = {path: (await ask("GET", path)).headers["Content-Type"].partition(";")[0] for path in
             ("/sw.js", "/manifest.webmanifest", "/favicon.svg", "/icon-512.png", "/")}  # fmt: skip
    assert types == {
        "/sw.js": "text/javascript",
        "/manifest.webmanifest": "application/manifest+json",
        "/favicon.svg": "image/svg+xml",
        "/icon-512.png": "image/png",
        "/": "text/html",
    }


@pytest.mark.parametrize(("asked", "given"), [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")])
async def test_scripts_travel_compressed(ask: Asking, asked: str, given: str) -> None:
    """The smallest copy that the browser can read, with the type of what is in it."""
    path = await entry(ask)
    plain = (WEB / path.lstrip("/")).read_bytes()
    answer = await ask("GET", path, headers={"Accept-Encoding": asked})
    assert answer.headers["Content-Encoding"] == given
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) < len(plain) / 2


async def test_long_answers_travel_compressed(ask: Asking) -> None:
    """All characters, for whoever reads gzip; a short answer is sent as it is."""
    plain = await ask("GET", "/api/v1/characters", headers={"Accept-Encoding": "identity"})
    packed = await ask("GET", "/api/v1/characters", headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 2
    short = await ask("GET", "/api/v1/status", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short.headers
    long = {"name": "Long", "description": "word " * 60_000}
    made = await ask("POST", "/api/v1/characters", json=long, headers={"Accept-Encoding": "gzip"})
    assert len(made.content) < 100_000
    assert orjson.loads(gzip.decompress(made.content))["description"] == long["description"]


async def test_the_gallery_is_asked_for_while_its_script_is_on_its_way(ask: Asking) -> None:
    """The page itself names what it will ask the API for."""
    for path in ("/", "/characters"):
        named = re.fullmatch(r"<(.+)>; rel=preload; as=fetch; crossorigin", (await ask("GET", path)).headers["Link"])
        assert named
        assert (await ask("GET", named[1])).headers["Content-Type"] == "application/json"
    assert "Link" not in (await ask("GET", "/settings")).headers


async def test_who_reads_no_compression_gets_none(ask: Asking) -> None:
    """The file as it is."""
    path = await entry(ask)
    answer = await ask("GET", path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in answer.headers
    assert answer.content == (WEB / path.lstrip("/")).read_bytes()


async def test_the_page_is_not_sent_twice(ask: Asking) -> None:
    """Who has it is told that it is still so; a compressed copy has a tag of its own."""
    tags = set()
    for encoding in ("identity", "br", "gzip"):
        first = await ask("GET", "/", headers={"Accept-Encoding": encoding})
        tags.add(first.headers["ETag"])
        headers = {"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]}
        again = await ask("GET", "/", headers=headers)
        assert (again.status, again.content) == (304, b"")
    assert len(tags) == 3


async def test_compressed_copies_have_no_address(ask: Asking) -> None:
    """`/index.html.gz` is the app's own page for what is unknown, not a file to be downloaded."""
    assert (await ask("GET", "/index.html.gz")).headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("header", "names"), [("", {""}), ("gzip;q=0", set()), ("BR ; q=0.5,gzip;q=0.000", {"br"}), ("a,b", {"a", "b"})]
)
def test_accept_encoding_is_read_as_it_is_meant(header: str, names: set[str]) -> None:
    """RFC 9110, section 12.5.3: a weight of zero excludes."""
    assert accepted(header) == names


LIMIT_BYTES = 150_000


def test_the_first_load_is_light() -> None:
    """Gallery and chat: all scripts that the page begins with, and what they import, compressed: at most 150 kB."""
    manifest = json.loads((WEB / ".vite" / "manifest.json").read_text())
    wanted, todo = set(), ["index.html"]
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo += manifest[name].get("imports", [])
    files = {manifest[name]["file"] for name in wanted}
    sizes = {file: len(gzip.compress((WEB / file).read_bytes(), 9)) for file in files}
    assert sum(sizes.values()) <= LIMIT_BYTES, sizes
    sources = {source for chunk in manifest.values() for source in chunk.get("dynamicImports", [])}
    assert any("SettingsPage" in source for source in sources), "the settings come with the first load"
