"""Looks in colours: for light terminals, for dark ones, and for those that do not say. Pure.

The colours are those of the pages (`ui/src/styles/tokens.css`). Where the ground is not known only the sixteen colours
are used that every terminal's own theme makes legible, and few of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from rich.color import ColorSystem
from rich.style import Style

from perdure.cli.chat.markup import Look

THEMES: dict[str, dict[str, str]] = {
    "dark": {"accent": "#6ccbc1", "speech": "#e8c98a", "action": "#cfc7bb", "quiet": "#aca49a", "wrong": "#ff9d90"},
    "light": {"accent": "#0f6b66", "speech": "#7a4a00", "action": "#4a443d", "quiet": "#625b52", "wrong": "#a3231d"},
    "either": {"accent": "cyan", "speech": "default", "action": "default", "quiet": "bright_black", "wrong": "red"},
}


class Palette:
    """Styles for looks. Without a colour system everything is plain; without colours weight and slant remain."""

    def __init__(self, theme: str, system: ColorSystem | None, *, colours: bool = True) -> None:
        self._colours = THEMES[theme]
        self._system = system
        self._coloured = colours
        self._style = cache(self._made)

    def paint(self, text: str, look: Look) -> str:
        """The text with what makes it look so, and with what ends that."""
        return self._painted(text, self._style(look))

    def name(self, text: str) -> str:
        """Whose words follow."""
        return self._painted(text, self._without(Style(bold=True, color=self._colours["accent"])))

    def quiet(self, text: str) -> str:
        """A remark."""
        return self._painted(text, self._without(Style(color=self._colours["quiet"])))

    def wrong(self, text: str) -> str:
        """What went wrong."""
        return self._painted(text, self._without(Style(color=self._colours["wrong"])))

    @property
    def accent(self) -> str | None:
        """The colour of the prompt's sign as prompt_toolkit writes it; None without colours."""
        if self._system is None or not self._coloured:
            return None
        colour = self._colours["accent"]
        return colour if colour.startswith("#") else f"ansi{colour}"

    def _painted(self, text: str, style: Style) -> str:
        return style.render(text, color_system=self._system) if self._system is not None else text

    def _made(self, look: Look) -> Style:
        named = {
            Look.EMPHASIS: Style(italic=True, color=self._colours["action"]),
            Look.SPEECH: Style(color=self._colours["speech"]),
            Look.STRONG: Style(bold=True),
            Look.HEADING: Style(bold=True),
            Look.QUOTE: Style(italic=True, color=self._colours["action"]),
            Look.CODE: Style(color=self._colours["accent"]),
            Look.MARK: Style(color=self._colours["quiet"], italic=False),
            Look.NOTE: Style(color=self._colours["quiet"], italic=False),
        }
        style = Style.null()
        for one, its in named.items():
            if one in look:
                style += its
        return self._without(style)

    def _without(self, style: Style) -> Style:
        return style if self._coloured else style.without_color


def theme_of(wanted: str, variables: Mapping[str, str]) -> str:
    """The theme: the wanted one, or with `auto` the one that the terminal speaks of in COLORFGBG ("15;0": on black)."""
    if wanted != "auto":
        return wanted
    ground = variables.get("COLORFGBG", "").rpartition(";")[2]
    if not ground.isdigit():
        return "either"
    return "light" if int(ground) in (7, 15) else "dark"
