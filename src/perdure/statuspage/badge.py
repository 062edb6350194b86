"""How everything is, as a small picture for other people's pages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from perdure.core.report import Indicator, StatusReport
from perdure.statuspage.words import xml

_WORDS: Mapping[Indicator, tuple[str, str]] = {
    Indicator.NONE: ("works", "#2b7a4b"),
    Indicator.MINOR: ("not quite well", "#8a6100"),
    Indicator.MAJOR: ("partly broken", "#a8480f"),
    Indicator.CRITICAL: ("down", "#b3261e"),
    Indicator.MAINTENANCE: ("maintenance", "#3d5fa8"),
}
_UNKNOWN = ("unknown", "#5f5a66")
_LETTER_PX = 6.6
_PAD_PX = 7.0


def badge(report: StatusReport) -> bytes:
    """An SVG of the name and a word, which is not told by its colour alone."""
    word, colour = _WORDS[report.indicator] if report.components else _UNKNOWN
    name = xml(report.name)[:40]
    left, right = (len(text) * _LETTER_PX + 2 * _PAD_PX for text in (name, word))
    title = escape(f"{name}: {word}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:.0f}" height="20" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<clipPath id="r"><rect width="{left + right:.0f}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left:.0f}" height="20" fill="#45424c"/>'
        f'<rect x="{left:.0f}" width="{right:.0f}" height="20" fill="{colour}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2:.0f}" y="14" textLength="{left - 2 * _PAD_PX:.0f}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(name)}</text>"
        f'<text x="{left + right / 2:.0f}" y="14">{escape(word)}</text></g></svg>\n'
    ).encode()
