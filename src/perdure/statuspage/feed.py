"""What has happened, as an Atom feed (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote
from xml.etree import ElementTree as ET

from perdure.core.incidents import Incident
from perdure.core.report import Maintenance, StatusReport
from perdure.statuspage.words import STAGES, begun, clock, instant, touched, xml

ATOM = "http://www.w3.org/2005/Atom"
LATELY = 50


def feed(report: StatusReport) -> bytes:
    """Incidents and maintenance, what changed last first."""
    root = ET.Element("feed", xmlns=ATOM)
    url = report.url or ""
    entries = sorted(_entries(report), key=lambda pair: pair[0], reverse=True)[:LATELY]
    _add(root, "id", f"tag:perdure,2026:{quote(xml(report.name), safe='')}:status")
    _add(root, "title", f"{report.name}: how everything is")
    # A feed in which nothing is new has not changed, however often it is drawn.
    _add(root, "updated", instant(entries[0][0]) if entries else begun(report))
    _link(root, "self", f"{url}/status/history.atom")
    _link(root, "alternate", f"{url}/status")
    author = ET.SubElement(root, "author")
    _add(author, "name", report.name)
    for _, entry in entries:
        root.append(entry)
    whole: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole


def _entries(report: StatusReport) -> Iterator[tuple[float, ET.Element]]:
    for one in (*(going_on.incident for going_on in report.incidents), *report.past):
        yield _of_incident(one, report.url or "")
    for planned in report.maintenance:
        yield _of_maintenance(planned, report.url or "")


def _of_incident(one: Incident, url: str) -> tuple[float, ET.Element]:
    changed_at = one.story[-1].at if one.story else one.opened_at
    lines = [f"{clock(entry.at)} – {STAGES[entry.stage]}: {entry.text}" for entry in reversed(one.story)]
    told = "\n".join([*lines, touched(one)]).strip()
    path = f"incidents/{one.id}"
    return changed_at, _entry(url, path, one.headline, one.opened_at, changed_at, told)


def _of_maintenance(one: Maintenance, url: str) -> tuple[float, ET.Element]:
    changed_at = one.cancelled_at or one.created_at
    when = f"From {clock(one.begins_at)} to {clock(one.ends_at)}."
    told = "Cancelled." if one.cancelled_at is not None else f"{when}\n{one.text}".strip()
    return changed_at, _entry(url, f"maintenance/{one.id}", one.title, one.created_at, changed_at, told)


def _entry(url: str, path: str, title: str, begun_at: float, changed_at: float, told: str) -> ET.Element:
    entry = ET.Element("entry")
    _add(entry, "id", f"tag:perdure,2026:{path}")
    _add(entry, "title", title)
    _add(entry, "published", instant(begun_at))
    _add(entry, "updated", instant(changed_at))
    _link(entry, "alternate", f"{url}/status/{path}")
    _add(entry, "content", told)
    return entry


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = xml(text)


def _link(parent: ET.Element, kind: str, href: str) -> None:
    ET.SubElement(parent, "link", rel=kind, href=href)
