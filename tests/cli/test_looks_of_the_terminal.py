"""What reaches the terminal, byte for byte: looks, lines, and nothing that anybody else could command it with."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from rich.cells import cell_len
from rich.color import ColorSystem

from perdure.cli.chat.markup import Look
from perdure.cli.chat.palette import THEMES, Palette, theme_of
from perdure.client import AsyncPerdure
from tests.cli.conftest import Open
from tests.cli.server import ask, branch, unwrapped
from tests.http.installation import Installation, ScriptedBackend

REPLACED = "\N{REPLACEMENT CHARACTER}"
HOSTILE = "a\x1b]0;pwned\x07b\x1b[2Jc\x1b[?1049hd\x9b31me\x08\x08f\u202eg\u2066h\x7fj\x1bPq\x1b\\k"
FORBIDDEN = (
    b"pwned\x07",
    b"\x1b]0",
    b"\x1b[?1049",
    b"\xc2\x9b",
    b"\xe2\x80\xae",
    b"\xe2\x81\xa6",
    b"\x1bP",
    b"\x7f",
)
ITALIC, COLOUR = re.compile(rb"\x1b\[[0-9;]*\b3(;|m)"), re.compile(rb"\x1b\[[0-9;]*(3[0-7]|38|9[0-7])[;m]")


@pytest.fixture
def hostile(installation: Installation, backend: ScriptedBackend) -> Iterator[str]:
    """The id of a character whose card and words command the terminal."""
    told = {"name": "Eve \x1b[31m", "description": HOSTILE, "first_mes": HOSTILE, "alternate_greetings": [HOSTILE * 2]}
    card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": told}

    async def made() -> str:
        async with AsyncPerdure(installation.url) as api:
            return (await api.import_card(json.dumps(card).encode(), "eve.json"))["id"]

    _control(backend, {"default": {"text": HOSTILE, "tokens": 1}})
    character_id = asyncio.run(made())
    yield character_id
    _control(backend, {"reset": True, "default": {}})
    ask(installation.url, f"/characters/{character_id}", method="DELETE")


def _control(backend: ScriptedBackend, order: dict[str, Any]) -> None:
    url = f"{backend.url.removesuffix('/v1')}/control"
    request = urllib.request.Request(url, json.dumps(order).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=60).close()


def test_nobody_commands_the_terminal(installation: Installation, open_terminal: Open, hostile: str) -> None:
    """Names, greetings, replies, what one said oneself, lists, edits: it may all be seen, and it does nothing."""
    terminal = open_terminal("chat", hostile, "--new", "--server", installation.url)
    terminal.say(f"well \u202e\x9b31m {HOSTILE[-1]}")
    shown = terminal.say("/history")
    assert "pwned" in shown
    assert f"b{REPLACED}[2Jc" in shown or "\x1b" not in branch(installation.url)[-1]["text"]
    assert f"well {REPLACED}{REPLACED}31m" in shown
    for order, sign in (("/edit reply", "in other words"), ("/chats", "Which chat?"), ("/characters", "With whom?")):
        terminal.write(order)
        terminal.type("\r")
        terminal.until(lambda screen, sign=sign: sign in screen)
        terminal.type("\x03")
        terminal.until_asked()
    terminal.type("\x04")
    terminal.ended()
    for sequence in FORBIDDEN:
        assert sequence not in terminal.sent, sequence


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_lines_fit_narrow_terminals(installation: Installation, open_terminal: Open, columns: int) -> None:
    """No word is broken by the terminal, because no line reaches its edge; lists and help fit too."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url, columns=columns)
    terminal.until(lambda screen: "›" in screen)
    greeting = branch(installation.url)[0]["text"]
    screen = terminal.screen
    assert unwrapped(greeting) in unwrapped(screen)
    words = set(greeting.split())
    assert all(set(line.split()) <= words for line in screen.splitlines()[1:-3] if len(line) < columns)
    terminal.type("/help\r")
    terminal.until(lambda screen: "Ctrl-X" in screen)
    assert all(cell_len(line) <= columns for line in terminal.screen.splitlines())


def test_colours_are_left_out_where_nobody_wants_them(installation: Installation, open_terminal: Open) -> None:
    """NO_COLOR leaves weight and slant; a dumb terminal gets text, and can be talked in all the same."""
    looks = {}
    for name, variables in {"all": {}, "none": {"NO_COLOR": "1"}}.items():
        terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url, **variables)
        terminal.until_asked()
        terminal.say("so [[tokens=2]]")
        looks[name] = terminal.sent
    assert COLOUR.search(looks["all"])
    assert ITALIC.search(looks["all"])
    assert not COLOUR.search(looks["none"])
    assert ITALIC.search(looks["none"])
    dumb = open_terminal("chat", "Mizzle", "--new", "--server", installation.url, TERM="dumb")
    dumb.until(lambda screen: screen.endswith("\n›"))
    dumb.type("plain [[tokens=2]]\r")
    dumb.until(lambda screen: screen.count("\n›") == 2 and screen.endswith("\n›"))
    reply = branch(installation.url)[-1]["text"]
    assert reply in dumb.screen
    dumb.type("/chats\r")
    dumb.until(lambda screen: screen.endswith("Number:"))
    dumb.type("1\r")
    dumb.until(lambda screen: screen.count(reply) == 3 and screen.endswith("\n›"))
    dumb.type("\x04")
    assert dumb.ended() == 0
    assert not re.search(rb"\x1b\[[0-9;]*[A-HJKm]", dumb.sent)


@pytest.mark.parametrize(
    ("wanted", "ground", "theme"),
    [("auto", "", "either"), ("auto", "15;0", "dark"), ("auto", "0;15", "light"), ("auto", "0;default;7", "light"),
     ("light", "15;0", "light"), ("auto", "x;y", "either")],
)  # fmt: skip
def test_the_theme_follows_the_terminal(wanted: str, ground: str, theme: str) -> None:
    """Where it says what it is; else only its own colours are used."""
    assert theme_of(wanted, {"COLORFGBG": ground}) == theme


@pytest.mark.parametrize(("theme", "ground"), [("dark", "#161512"), ("light", "#faf7f2")])
def test_colours_can_be_read(theme: str, ground: str) -> None:
    """WCAG's 4.5 to 1 against the ground of the pages, as there."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for name, colour in THEMES[theme].items():
        light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name


def test_looks_add_up() -> None:
    """Emphasis within speech slants and keeps the speech's colour's place; nothing is painted on a dumb terminal."""
    palette = Palette("dark", ColorSystem.TRUECOLOR)
    assert palette.paint("x", Look.EMPHASIS | Look.STRONG).startswith("\x1b[1;3;")
    assert Palette("dark", None).paint("x", Look.EMPHASIS) == "x"
    assert Palette("dark", ColorSystem.TRUECOLOR, colours=False).paint("x", Look.STRONG) == "\x1b[1mx\x1b[0m"
