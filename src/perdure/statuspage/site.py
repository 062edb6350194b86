"""The whole site: every path, and what is found there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import orjson

from perdure.core.incidents import Incident
from perdure.core.report import OpenIncident, StatusReport
from perdure.statuspage.badge import badge
from perdure.statuspage.feed import feed
from perdure.statuspage.page import Link, Pages
from perdure.statuspage.statuspage_json import documents

STYLE = Path(__file__).with_name("status.css")

HTML, JSON = "text/html; charset=utf-8", "application/json"
CSS, SVG, ATOM = "text/css; charset=utf-8", "image/svg+xml", "application/atom+xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class File:
    """What is found at a path."""

    body: bytes
    media_type: str


class Site:
    """What a report looks like as of `now`, drawn as it is asked for, each path once.

    `static`: as files that any web server or folder can serve, with links that hold wherever they are put.
    """

    def __init__(self, report: StatusReport, now: float, *, static: bool = False) -> None:
        self.report = report
        self._now = now
        self._static = static
        self._pages = Pages(report, now, static)
        self._drawn: dict[str, File] = {}

    @cached_property
    def paths(self) -> dict[str, Callable[[], File]]:
        """All paths, without their leading slash, and how each is drawn."""
        return dict((*self._html(), *self._data()))

    def file(self, path: str) -> File | None:
        """What is found at a path; None where there is nothing."""
        if path not in self._drawn and path in self.paths:
            self._drawn[path] = self.paths[path]()
        return self._drawn.get(path)

    def _html(self) -> Iterator[tuple[str, Callable[[], File]]]:
        pages = self._pages
        yield self._page("status", pages.status)
        yield self._page("status/history", pages.history)
        for going_on in self.report.incidents:
            yield self._incident(going_on)
        for past in self.report.past:
            yield self._incident(OpenIncident(past))
        for planned in self.report.maintenance:
            yield self._page(f"status/maintenance/{planned.id}", partial(pages.maintenance, planned))
        if self._static:
            # Where `/status` is asked for, a plain web server finds the folder of that name.
            yield "index.html", lambda: File(pages.status(partial(_relative, 0)), HTML)
            yield "status/index.html", lambda: File(pages.status(partial(_relative, 1)), HTML)

    def _incident(self, one: OpenIncident) -> tuple[str, Callable[[], File]]:
        return self._page(path_of(one.incident), partial(self._pages.incident, one))

    def _page(self, path: str, draw: Callable[[Link], bytes]) -> tuple[str, Callable[[], File]]:
        if self._static:
            return f"{path}.html", lambda: File(draw(partial(_relative, path.count("/"))), HTML)
        return path, lambda: File(draw(lambda to: f"/{to}"), HTML)

    def _data(self) -> Iterator[tuple[str, Callable[[], File]]]:
        told: dict[str, bytes] = {}

        def document(name: str) -> File:
            if not told:
                told.update((each, orjson.dumps(of)) for each, of in documents(self.report, self._now).items())
            return File(told[name], JSON)

        for name in DOCUMENTS:
            yield f"api/v2/{name}.json", partial(document, name)
        yield "status/history.atom", lambda: File(feed(self.report), ATOM)
        yield "status/badge.svg", lambda: File(badge(self.report), SVG)
        yield "status/status.css", lambda: File(STYLE.read_bytes(), CSS)


DOCUMENTS = (
    *("summary", "status", "components", "incidents", "incidents/unresolved"),
    *("scheduled-maintenances", "scheduled-maintenances/upcoming", "scheduled-maintenances/active"),
)


def path_of(incident: Incident) -> str:
    """Where an incident's own page is."""
    return f"status/incidents/{incident.id}"


def _relative(depth: int, path: str) -> str:
    """From a page that lies `depth` folders deep. Only pages have no ending of their own."""
    ending = "" if "." in path.rpartition("/")[2] else ".html"
    return f"{'../' * depth}{path}{ending}"
