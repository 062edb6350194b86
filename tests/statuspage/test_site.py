"""The pages: drawn without harm from whatever they are given, and whole as files."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import feedparser
import pytest

from perdure.core.report import Indicator
from perdure.statuspage.dated import dated
from perdure.statuspage.export import LIST, export
from perdure.statuspage.pace import Pace
from perdure.statuspage.site import HTML, Site

from .reports import BROKEN, DOWN, EMPTY, HARM, HOSTILE, NOW, REPORTS, WELL


class Page(HTMLParser):
    """What a browser would find: elements, where they lead, and the text between them."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.links += [value for name, value in attrs if name in ("href", "src") and value is not None]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(name: str, path: str = "status") -> Page:
    file = Site(REPORTS[name], NOW).file(path)
    assert file is not None
    assert file.media_type == HTML
    return Page(file.body)


@pytest.mark.parametrize("name", REPORTS)
def test_no_script_and_no_style_is_in_any_page(name: str) -> None:
    """Whatever a title, a text or a name holds; and nothing that the pages' policy forbids."""
    site = Site(REPORTS[name], NOW)
    for path in site.paths:
        file = site.file(path)
        assert file is not None
        if file.media_type == HTML:
            drawn = Page(file.body)
            assert not {"script", "style", "img", "iframe"} & set(drawn.tags)
            assert not [name for name, _ in drawn.attributes if name.startswith("on") or name == "style"]


def test_what_people_write_is_shown_as_they_wrote_it() -> None:
    """As text."""
    assert "<script>alert(1)</script>" in page("hostile").text


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("static", [False, True], ids=["served", "files"])
def test_no_link_leads_nowhere(name: str, static: bool) -> None:
    """Each leads to another path of the site, or to what the app has."""
    site = Site(REPORTS[name], NOW, static=static)
    elsewhere = {"/", "/help/errors", "/favicon.svg", "/favicon.svg.html"}
    for path in site.paths:
        file = site.file(path)
        assert file is not None
        for link in Page(file.body).links if file.media_type == HTML else ():
            found = urljoin(f"/{path}", link)
            assert found in elsewhere or found.lstrip("/") in site.paths, (path, link)


def test_the_state_is_told_in_words() -> None:
    assert "Everything works" in page("well").text
    assert "Something is broken" in page("broken").text
    assert "Perdure is down" in page("down").text
    assert "Nothing is known yet" in page("empty").text
    assert "Everything works" not in page("empty").text


def test_how_long_it_may_last_is_told_or_said_to_be_unknown() -> None:
    assert "about 40 s (10 s to 2.5 min)" in page("broken").text
    assert "is not known" in page("down").text
    assert "It needs whoever runs this server" in page("down").text


def test_days_that_nobody_watched_are_not_up() -> None:
    """They are of a kind of their own, and say so."""
    file = Site(WELL, NOW).file("status")
    assert file is not None
    bars = re.findall(rb'<rect class="(\w+)"[^>]*><title>([^<]*)', file.body)
    first = bars[:90]
    assert len(first) == 90
    assert [kind for kind, _ in first[:9]] == [b"unknown"] * 9
    assert all(said.endswith(b"no data") for kind, said in bars if kind == b"unknown")
    assert {kind for kind, _ in first} == {b"unknown", b"up", b"mostly", b"bad"}


def test_when_it_is_busy_is_told_once_a_week_is_known() -> None:
    assert "Most is asked for on Sunday 23:00 UTC" in page("well").text
    assert "Not known yet" in page("broken").text


def test_an_old_copy_says_that_it_is_one() -> None:
    """In a place that every page has."""
    site = Site(BROKEN, NOW)
    for path in (path for path in site.paths if path.startswith("status") and "." not in path):
        file = site.file(path)
        assert file is not None
        assert "This is <old>." in Page(dated(file.body, "This is <old>.")).text


def test_the_feed_is_atom() -> None:
    """By a parser of feeds: entries with ids that stay, what changed last first."""
    file = Site(BROKEN, NOW).file("status/history.atom")
    assert file is not None
    parsed = feedparser.parse(file.body)
    assert (parsed.bozo, parsed.version) == (False, "atom10")
    assert [entry.title for entry in parsed.entries][:2] == ["The model does not answer", "A new disk"]
    changed = [entry.updated for entry in parsed.entries]
    assert changed == sorted(changed, reverse=True)
    assert len({entry.id for entry in parsed.entries}) == len(parsed.entries) == 4
    later = Site(DOWN, NOW + 60).file("status/history.atom")
    assert later is not None
    assert feedparser.parse(later.body).feed.id == parsed.feed.id


@pytest.mark.parametrize("name", REPORTS)
def test_feed_and_badge_are_well_formed(name: str) -> None:
    """Control characters, which XML knows none of, included."""
    site = Site(REPORTS[name], NOW)
    for path in ("status/history.atom", "status/badge.svg"):
        file = site.file(path)
        assert file is not None
        ET.fromstring(file.body)


def test_the_badge_says_it_in_a_word() -> None:
    words = {name: Site(report, NOW).file("status/badge.svg") for name, report in REPORTS.items()}
    assert {name for name, file in words.items() if file and b": works" in file.body} == {"empty", "well"}
    assert words["down"] is not None
    assert b": down" in words["down"].body


def test_the_whole_is_as_bad_as_what_matters() -> None:
    assert [REPORTS[name].indicator for name in ("empty", "well", "broken", "down")] == [
        *(Indicator.NONE, Indicator.NONE),
        *(Indicator.MAJOR, Indicator.CRITICAL),
    ]


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[str]:
    """A plain web server over a folder, and not at its root."""

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/copy"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_copy_is_served_by_any_web_server(hosted: str, tmp_path: Path) -> None:
    """From any folder: every page, and all that it links to."""
    export(Site(BROKEN, NOW, static=True), tmp_path / "copy")
    seen: set[str] = set()
    waiting = [f"{hosted}/"]
    while waiting:
        url = waiting.pop()
        if url in seen or "favicon" in url:
            continue
        seen.add(url)
        with urlopen(url) as answer:
            body = answer.read()
            if "html" in answer.headers["Content-Type"]:
                waiting += [urljoin(url, link) for link in Page(body).links]
    assert {f"{hosted}/status/history.html", f"{hosted}/status/status.css", f"{hosted}/api/v2/summary.json"} <= seen


def test_a_copy_is_renewed_in_place(tmp_path: Path) -> None:
    """Only what has changed is written, what is gone is removed, and what others have put there is let alone."""
    folder = tmp_path / "copy"
    assert set(export(Site(BROKEN, NOW, static=True), folder)) == set(Site(BROKEN, NOW, static=True).paths)
    assert export(Site(BROKEN, NOW, static=True), folder) == []
    (folder / "CNAME").write_text("status.example")
    gone = folder / "status/maintenance/m2.html"
    assert gone.exists()
    export(Site(WELL, NOW, static=True), folder)
    assert not gone.exists()
    assert (folder / "CNAME").exists()
    assert not [file for file in folder.rglob(".*") if file.name != LIST]


def test_a_copy_removes_nothing_outside(tmp_path: Path) -> None:
    """Not even where somebody has written that into its list."""
    outside = tmp_path / "outside"
    outside.write_text("mine")
    export(Site(EMPTY, NOW, static=True), tmp_path / "copy")
    with (tmp_path / "copy" / LIST).open("a") as names:
        names.write("\n../outside")
    export(Site(WELL, NOW, static=True), tmp_path / "copy")
    assert outside.read_text() == "mine"


def test_ids_lead_nowhere_but_into_the_site() -> None:
    """Ids are Perdure's own: hashes, UUIDs."""
    assert all(".." not in path and not path.startswith("/") for path in Site(HOSTILE, NOW, static=True).paths)
    assert HARM not in "".join(Site(HOSTILE, NOW).paths)


def test_a_copy_is_written_at_once_where_anything_has_changed() -> None:
    pace = Pace(2.0, 60.0)
    assert pace.due(WELL, 0.0)
    assert not pace.due(WELL, 59.0)
    assert pace.due(BROKEN, 59.5)
    assert not pace.due(BROKEN, 61.0)
    assert pace.due(BROKEN, 61.5)
    assert pace.due(WELL, 63.5)
    assert pace.due(WELL, 123.5)
