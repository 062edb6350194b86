"""The service's own word: its status page is looked for where the user said, or on the service's own host."""

from __future__ import annotations

import re
from collections.abc import Iterable

from perdure.core.diagnosis import Answer, Observation, Step, reported
from perdure.diagnose.errors import Stopped
from perdure.diagnose.exchange import ask
from perdure.diagnose.lay import lay
from perdure.diagnose.target import Asked, NotAnAddress, Target
from perdure.diagnose.way import Way

PLACES = ("/api/v2/summary.json", "/api/v2/status.json", "/status.json")
"""Where status pages have their JSON: Statuspage's two, and a common short form."""

_LINK = re.compile(rb"""href=["']?(https?://[^"'\s>]+)""", re.IGNORECASE)
_ABOUT_STATUS = re.compile(r"^(?:status|health|uptime)\.|\.(?:statuspage\.io|instatus\.com)$|^stats\.uptimerobot\.com$")


async def elsewhere(asked: Asked, page: Target) -> Observation:
    """The status page that the user named. It is asked also where the service itself is away."""
    try:
        way, _ = await lay(asked, page)
    except Stopped as stopped:
        return Observation(Step.STATUS_PAGE, f"The status page on {page.host} is not reached. {stopped}")
    found = await on(way, page)
    return found or Observation(Step.STATUS_PAGE, f"No status page that can be read was found on {page.host}.")


async def on(way: Way, target: Target) -> Observation | None:
    """The status page on a host to which there is a way; None where there is none."""
    places = (target.path,) if target.path.endswith(".json") else PLACES
    for place in places:
        try:
            heard = await ask(way, target.at(place), {"Accept": "application/json"})
        except Stopped:
            return None
        document = heard.answer.document
        if heard.answer.status == 200 and document is not None:
            found = reported(document, target.host, heard.took_s)
            if found is not None:
                return found
    return None


def suggested(answer: Answer, target: Target, hosts: Iterable[str]) -> tuple[str, ...]:
    """Status pages that the service's own page links to, on hosts that the user did not name. They are not asked."""
    found = []
    for link in _LINK.findall(answer.body):
        try:
            other = target.at(link.decode("ascii"))
        except (NotAnAddress, UnicodeDecodeError):
            continue
        if _ABOUT_STATUS.search(other.host) and other.host not in hosts:
            found.append(f"{other.origin}/")
    return tuple(dict.fromkeys(found))[:3]
