"""The pages: drawn without harm from whatever they are given, and whole as files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import ascii_letters, digits
from urllib.parse import urljoin
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import feedparser
import pytest

from perdure.core.health import Level
from perdure.core.report import BusyHour, DayUptime, Indicator, Maintenance, Queue, StatusReport
from perdure.statuspage.bars import HEIGHT, bars
from perdure.statuspage.dated import dated
from perdure.statuspage.export import LIST, export
from perdure.statuspage.pace import Pace
from perdure.statuspage.site import HTML, Site
from perdure.statuspage.week import week

from .reports import BROKEN, DOWN, EMPTY, HARM, HOSTILE, NOW, REPORTS, WELL, components

URI = f"{ascii_letters}{digits}:,/%-._~"


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


def page_of(report: StatusReport, path: str = "status") -> str:
    """The text of a page."""
    file = Site(report, NOW).file(path)
    assert file is not None
    return Page(file.body).text


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
    elsewhere = set() if static else {"/", "/help/errors", "/favicon.svg"}
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
    days = bars(WELL.components[0], NOW).days
    assert len(days) == 90
    assert [(one.kind, one.said, one.height) for one in days[:9]] == [("unknown", "no data", 0)] * 9
    assert {one.kind for one in days} == {"unknown", "up", "mostly", "bad"}


def test_of_a_day_only_what_was_watched_is_drawn_as_up() -> None:
    """Half a minute of looking does not make a day: the rest of its bar stands for what nobody knows."""
    brief, half = DayUptime("2026-11-20", {Level.OPERATIONAL: 30.0}), DayUptime("2026-11-21", {Level.MAJOR: 43_200.0})
    drawn = {one.date: one for one in bars(replace(WELL.components[0], days=[brief, half]), NOW).days}
    assert (drawn["2026-11-20"].height, drawn["2026-11-21"].height) == (1, HEIGHT // 2)
    assert drawn["2026-11-20"].said == "100 % up of the 30 s that were watched"
    assert drawn["2026-11-21"].said == "0.00 % up of the 12 h that were watched"


def test_today_is_whole_once_it_was_watched_so_far() -> None:
    """At three in the afternoon fifteen hours are a whole day."""
    today = DayUptime("2026-11-26", {Level.OPERATIONAL: 15 * 3600.0})
    assert bars(replace(WELL.components[0], days=[today]), NOW).days[-1].height == HEIGHT


def test_days_with_trouble_can_be_read() -> None:
    """By whoever sees no colours, has no pointer to hold over a bar, or no eyes for either."""
    shown = page("well")
    assert "2 days with trouble" in shown.text
    assert "2026-11-23: 92.59 % up" in shown.text
    spoken = "Search, the last 90 days: 99.90 % up; 2 days with trouble, 9 days without data"
    assert spoken in [value for name, value in shown.attributes if name == "aria-label"]


def test_when_it_is_busy_is_told_once_two_weeks_are_known() -> None:
    assert "Most is asked for on Sunday 23:00 UTC (15.8 an hour)." in page("well").text
    assert "It is quiet from 00:00 to 07:00 UTC every day." in page("well").text
    assert "There is not enough history yet" in page("broken").text


def test_quiet_stretches_are_named_as_people_say_them() -> None:
    """Over midnight, over the end of the week, over days; and none where every hour is like the others."""

    def quiet(*hours: int) -> str:
        found = week([BusyHour(n, 0.0 if n in hours else 5.0 + n, 2) for n in range(168)])
        assert found is not None
        return found.quiet

    nights = [n % 168 for day in range(7) for n in range(day * 24 + 22, day * 24 + 28)]
    assert quiet(*nights) == "22:00 to 04:00 UTC every day"
    weekend = range(5 * 24, 7 * 24)
    assert quiet(*weekend) == "Saturday 00:00 to Monday 00:00 UTC"
    assert quiet(*weekend, *range(24, 29)).endswith("; 00:00 to 05:00 UTC on Tuesday")
    same = week([BusyHour(n, 1.0, 2) for n in range(168)])
    assert same is not None
    assert (same.busiest, same.quiet) == ("", "")


def test_a_wait_that_nobody_can_know_is_not_told_as_one() -> None:
    told = page_of(replace(BROKEN, queue=Queue(7, 1)))
    assert "1 reply is being written, and 7 wait. How long one more would wait is not known" in told


def test_nothing_is_said_of_a_time_in_which_nobody_looked() -> None:
    """Neither that nothing waits nor that nothing was broken; nor that it was not, while something is."""
    assert "Nobody has looked so far." in page("empty").text
    assert "Nothing was found broken" not in page("empty").text
    assert "none waits" not in page("empty").text
    young = [replace(one, days=one.days[-3:]) for one in components()]
    assert "Nothing was found broken since 2026-11-24, when watching began." in page_of(
        replace(WELL, past=(), components=young)
    )
    assert "Nothing was found broken." in page_of(replace(WELL, past=()))
    assert "Nothing was found broken" not in page_of(replace(BROKEN, past=()))


def test_whose_fault_it_is_is_not_claimed_beyond_what_is_known() -> None:
    """Of a search that is slow it does not follow that a lost connection is not one's own."""
    blameless = "It is not you: this is broken here"
    assert blameless in page("down").text
    for level in (Level.DEGRADED, Level.MAINTENANCE):
        told = page_of(replace(WELL, components=components(search=level)))
        assert blameless not in told
        assert "look at your own connection first" in told


def test_what_was_planned_is_told_once_it_is_over() -> None:
    over = Maintenance("m4", "An old disk", "", [], NOW - 7200, NOW - 3600, NOW - 9000)
    off = Maintenance("m5", "No disk", "", [], NOW + 3600, NOW + 7200, NOW - 9000, cancelled_at=NOW - 60)
    report = replace(WELL, maintenance=[over, off])
    assert "disk" not in page_of(report)
    told = page_of(report, "status/history")
    assert "An old disk" in told
    assert "cancelled" in told


def test_the_page_says_at_once_of_when_it_is() -> None:
    """With its time zone, before anything else that it tells."""
    told = page("broken").text
    assert "As of 26 Nov 2026, 15:00:00 UTC." in told
    assert told.index("Something is broken", told.index("What has happened")) < told.index("As of 26 Nov 2026")
    assert told.index("As of 26 Nov 2026") < told.index("What is broken")
    assert told.count("As of 26 Nov 2026") == 1


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


def test_a_feed_without_news_has_not_changed() -> None:
    """However often it is drawn: readers go by that."""
    for report in (WELL, replace(WELL, past=(), maintenance=())):
        one, later = (Site(replace(report, made_at=at), at).file("status/history.atom") for at in (NOW, NOW + 60))
        assert one is not None
        assert one == later


def test_ids_of_the_feed_are_uris() -> None:
    """Whatever the installation is called."""
    file = Site(HOSTILE, NOW).file("status/history.atom")
    assert file is not None
    parsed = feedparser.parse(file.body)
    for found in (parsed.feed.id, *(entry.id for entry in parsed.entries)):
        assert set(found) <= set(URI), found


@pytest.mark.parametrize("letter", ["\x07", "\x00", "\ufffe", "\uffff", "\U0001f642"])
@pytest.mark.parametrize("name", REPORTS)
def test_feed_and_badge_are_well_formed(name: str, letter: str) -> None:
    """Characters that XML knows none of included."""
    site = Site(replace(REPORTS[name], name=f"Per{letter}dure"), NOW)
    for path in ("status/history.atom", "status/badge.svg"):
        file = site.file(path)
        assert file is not None
        ET.fromstring(file.body)


def test_the_badge_says_it_in_a_word() -> None:
    words = {name: Site(report, NOW).file("status/badge.svg") for name, report in REPORTS.items()}
    assert {name for name, file in words.items() if file and b": works" in file.body} == {"well"}
    assert words["empty"] is not None
    assert b": unknown" in words["empty"].body
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
    waiting = [f"{hosted}/", f"{hosted}/status"]
    for url in waiting:
        with urlopen(url) as answer:
            assert "Something is broken" in Page(answer.read()).text
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        with urlopen(url) as answer:
            body = answer.read()
            if "html" in answer.headers["Content-Type"]:
                waiting += [urljoin(answer.url, link) for link in Page(body).links]
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


def test_a_copy_writes_nothing_outside(tmp_path: Path) -> None:
    """Not even where an id is made of a way out; the rest of the copy is written."""
    planned = [Maintenance("../../../out", "A way out", "", [], NOW + 60, NOW + 120, NOW)]
    export(Site(replace(WELL, maintenance=planned), NOW, static=True), tmp_path / "here" / "copy")
    assert [file.name for file in tmp_path.iterdir()] == ["here"]
    assert [file.name for file in (tmp_path / "here").iterdir()] == ["copy"]
    assert (tmp_path / "here" / "copy" / "index.html").exists()


def test_a_list_that_names_folders_breaks_no_copy(tmp_path: Path) -> None:
    export(Site(EMPTY, NOW, static=True), tmp_path)
    with (tmp_path / LIST).open("a") as names:
        names.write("\nstatus\n\n")
    export(Site(WELL, NOW, static=True), tmp_path)
    assert (tmp_path / "status" / "history.html").exists()


def test_ids_lead_nowhere_but_into_the_site() -> None:
    """Ids are Perdure's own: hashes, UUIDs."""
    assert all(".." not in path and not path.startswith("/") for path in Site(HOSTILE, NOW, static=True).paths)
    assert HARM not in "".join(Site(HOSTILE, NOW).paths)


def test_a_copy_is_written_at_once_where_anything_has_changed() -> None:
    pace = Pace(0.5, 2.0, 60.0)
    assert pace.due(WELL, 0.0)
    assert not pace.due(WELL, 59.0)
    assert pace.due(BROKEN, 59.5)
    assert not pace.due(BROKEN, 61.0)
    assert pace.due(BROKEN, 61.5)
    assert pace.due(WELL, 63.5)
    assert pace.due(WELL, 123.5)
    assert pace.left_s(WELL, 123.75) == 59.75
    assert pace.left_s(BROKEN, 123.75) == 0.25
    assert not pace.due(BROKEN, 123.75)
    assert pace.due(BROKEN, 124.0)
    assert pace.left_s(BROKEN, 124.0) == 2.0
