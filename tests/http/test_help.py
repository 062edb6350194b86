"""The table people need, and a page behind every error: made from the tree, plain HTML, served by Perdure itself."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from perdure.core.errors import Fault, PerdureError, page_of, tree
from tests.http.asking import Asking

pytestmark = pytest.mark.anyio

KINDS = [
    kind for kind in tree() if kind.__module__.startswith("perdure.core.errors.") and kind.code != PerdureError.code
]


class Reading(HTMLParser):
    """What somebody reads in a page without a script: its words, its links, and whether its tags fit together."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "link"):
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href" and tag == "a"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def plain(text: str) -> str:
    """A text of the tree as it is read: what is to be typed stands between back-ticks there."""
    return " ".join(text.replace("`", " ").split()).replace(" .", ".").replace(" ,", ",")


async def test_the_table_tells_of_every_error_what_causes_it_and_what_helps(ask: Asking) -> None:
    """Server, model, network and client, readable without JavaScript."""
    answer = await ask("GET", "/help/errors")
    assert answer.status == 200
    page = Reading(answer.content.decode())
    assert not page.open
    assert "script" not in page.tags
    told = plain(page.text)
    for kind in KINDS:
        assert page_of(kind) in page.links
        for sentence in (kind.title, kind.remedy, kind.verdict, *kind.causes):
            assert plain(sentence) in told
    for fault in Fault:
        assert f"#{fault}" in page.links


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
async def test_the_type_of_every_problem_leads_to_its_page(ask: Asking, kind: type[PerdureError]) -> None:
    """Whose fault, what is safe, what helps, what makes it worse, who can mend it."""
    answer = await ask("GET", page_of(kind))
    assert answer.status == 200
    page = Reading(answer.content.decode())
    assert not page.open
    assert "script" not in page.tags
    told = plain(page.text)
    for sentence in (kind.title, kind.verdict, kind.kept, kind.remedy, kind.avoid, *kind.causes):
        assert plain(sentence) in told
    assert kind.mender[1:] in told
    assert kind.code in told
    assert "/help/errors" in page.links


async def test_a_problem_says_where_it_is_explained(ask: Asking) -> None:
    """`type` is an address at this very server."""
    document = (await ask("GET", "/api/v1/chats/none")).problem(422, "invalid")
    assert (await ask("GET", document["type"])).status == 200


async def test_an_unknown_error_gets_the_table(ask: Asking) -> None:
    """An old link, or a newer server's code: 404, and all that is known; nothing of what was asked is in the page."""
    answer = await ask("GET", "/help/errors/%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.status == 404
    assert b"alert" not in answer.content
    table = await ask("GET", "/help/errors")
    unknown = await ask("GET", "/help/errors/of_tomorrow")
    assert (unknown.status, unknown.content) == (404, table.content)
