"""What every error means: a table for people, and a page for each, made from the tree (`perdure.core.errors`).

Plain HTML without a script, so that it can be read where nothing else works. The texts are our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from perdure.core.errors import Fault, Mender, PerdureError, by_code, page_of, tree

router = APIRouter(prefix="/help", include_in_schema=False)

KEPT = {"Cache-Control": "max-age=300"}
STYLE = Path(__file__).with_name("help.css")

_FAULTS = {
    Fault.SERVER: "The server",
    Fault.MODEL: "The model",
    Fault.NETWORK: "The connection",
    Fault.CLIENT: "What was asked",
}
_WHOSE = {
    Fault.SERVER: "Perdure itself, its disk, or a service that it needs.",
    Fault.MODEL: "The program that writes the replies. It may run elsewhere, and belong to others.",
    Fault.NETWORK: "Between you and the server, or between the server and the model.",
    Fault.CLIENT: "The request, the message or the file, or where it came from.",
}
_INTRO = (
    "Every message about a failure says whose fault it is, what is safe and what helps. Here they all are. "
    "A message that is shown as sent is on the server's disk, and so is what a character has said so far. What could "
    "not be sent is kept in your browser and goes out by itself, once: there is no need to reload or to send again."
)


@router.get("/errors")
async def table() -> Response:
    """All errors."""
    return HTMLResponse(_table(), headers=KEPT)


@router.get("/errors/{code:path}")
async def about(code: str) -> Response:
    """One of them; the table where there is none of that name."""
    kind = by_code().get(code)
    return HTMLResponse(_table(), 404) if kind is None else HTMLResponse(_about(kind), headers=KEPT)


@router.get("/help.css")
async def style() -> Response:
    """How both look."""
    return Response(STYLE.read_bytes(), media_type="text/css", headers=KEPT)


@cache
def _table() -> str:
    named = set(by_code().values()) - {PerdureError}
    kinds = [kind for kind in tree() if kind in named]
    parts = [_section(fault, [kind for kind in kinds if kind.fault is fault]) for fault in Fault]
    contents = "".join(f'<li><a href="#{fault}">{escape(name)}</a></li>' for fault, name in _FAULTS.items())
    top = f'<p>{escape(_INTRO)}</p><ul class="contents" aria-label="Whose fault it is">{contents}</ul>'
    return _page("What went wrong, and what helps", top + "".join(parts))


def _section(fault: Fault, kinds: Sequence[type[PerdureError]]) -> str:
    # The fault itself stands last: it is for what none of its kinds is.
    rows = "".join(_row(kind) for kind in (*kinds[1:], kinds[0]))
    head = "".join(f'<th scope="col">{name}</th>' for name in ("What you see", "Likely causes", "What helps"))
    return (
        f'<section id="{fault}"><h2>{escape(_FAULTS[fault])}</h2>'
        f"<p>{escape(kinds[0].verdict)} {escape(_WHOSE[fault])}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _row(kind: type[PerdureError]) -> str:
    name = f'<a href="{page_of(kind)}">{escape(kind.title)}</a>'
    causes, helps = _listed(kind.causes), _marked(kind.remedy)
    cells = f'<td data-head="Likely causes">{causes}</td><td data-head="What helps">{helps}</td>'
    return f'<tr id="{kind.code}"><th scope="row">{name}</th>{cells}</tr>'


def _about(kind: type[PerdureError]) -> str:
    return _page(kind.title, "".join(f"<h2>{escape(head)}</h2>{text}" for head, text in _told(kind)))


def _told(kind: type[PerdureError]) -> Iterator[tuple[str, str]]:
    yield (
        "Whose fault it is",
        f'<p>{escape(kind.verdict)} <a href="/help/errors#{kind.fault}">More of this kind</a></p>',
    )
    yield "What is safe", f"<p>{escape(kind.kept)}</p>"
    yield "What helps", f"<p>{_marked(kind.remedy)}</p>"
    if kind.avoid:
        yield "What makes it worse", f"<p>{escape(kind.avoid)}</p>"
    yield "Likely causes", _listed(kind.causes)
    yield "Who can mend it", f"<p>{escape(_mender(kind.mender))}</p>"
    yield "For programs", f"<p><code>{kind.code}</code>, fault <code>{kind.fault}</code>, status {kind.status}</p>"


def _mender(mender: Mender) -> str:
    return f"{mender[0].upper()}{mender[1:]}."


def _listed(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_marked(text)}</li>' for text in texts)}</ul>"


def _marked(text: str) -> str:
    """What is to be typed stands between back-ticks."""
    parts = text.split("`")
    return "".join(f"<code>{escape(part)}</code>" if n % 2 else escape(part) for n, part in enumerate(parts))


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{escape(title)} · Perdure</title><link rel="icon" href="/favicon.svg">'
        '<link rel="stylesheet" href="/help/help.css"></head><body><nav><a href="/">Perdure</a> '
        '<a href="/help/errors">All errors</a></nav>'
        f"<main><h1>{escape(title)}</h1>{content}</main></body></html>\n"
    )
