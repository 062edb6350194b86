"""What reaches the terminal, byte for byte: its looks, its width, and nothing that anybody else could command it with."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.cells import cell_len
from rich.color import ColorSystem

from perdure.cli.chat.markup import Look
from perdure.cli.chat.palette import THEMES, Palette, theme_of
from tests.cli.conftest import Open
from tests.cli.server import ask, branch, unwrapped
from tests.http.installation import Installation

HOSTILE = "a\x1b]0;pwned\x07b\x1b[2Jc\x1b[?1049hd\x9b31me\x08\x08f\u202eg\u2066h\x00i\x7fj\x1bPq\x1b\\k"
FORBIDDEN = (b"pwned\x07", b"\x1b]0", b"\x1b[?1049", b"\xc2\x9b", b"\xe2\x80\xae", b"\xe2\x81\xa6", b"\x1bP", b"\x00", b"\x7f")
ITALIC, COLOUR = re.compile(rb"\x1b\[[0-9;]*\b3(;|m)"), re.compile(rb"\x1b\[[0-9;]*(3[0-7]|38|9[0-7])[;m]")


@pytest.fixture
def hostile(installation: Installation) -> Any:
    """A character whose card and words command the terminal."""
    body = {"name": "Eve \x1b[31m", "description": HOSTILE, "first_mes": HOSTILE, "alternate_greetings": [HOSTILE * 2]}
    made = ask(installation.url, "/characters", body=body, method="POST")["character"]
    yield made
    ask(installation.url, f"/characters/{made['id']}", method="DELETE")


def test_nobody_commands_the_terminal(installation: Installation, open_terminal: Open, hostile: Any) -> None:
    """Names, greetings, replies, what one said oneself, lists and edits: every character is there, and does nothing."""
    terminal = open_terminal("chat", hostile["id"], "--new", "--server", installation.url)
    terminal.say(f'say [[text="{HOSTILE.translate({0: None})}"]]'.replace("\x1b", "").replace("\x08", "").replace("\x07", ""))
    chat = branch(installation.url)[0]["chat_id"]
    text = f'hm [[text="{HOSTILE}"]]'
    ask(installation.url, f"/chats/{chat}/messages/11111111-1111-4111-8111-{chat[-12:]}", body={"text": text})
    terminal.until(lambda _: len(branch(installation.url)) == 5 and branch(installation.url)[-1]["state"] == "done")
    shown = terminal.say("/history")
    assert branch(installation.url)[-1]["text"].count("\x1b") == HOSTILE.count("\x1b"), "the reply is what it is"
    assert shown.count("a\N{REPLACEMENT CHARACTER}]0;pwned\N{REPLACEMENT CHARACTER}b") >= 2
    terminal.write("/edit reply")
    terminal.type("\r")
    terminal.until(lambda screen: "in other words" in screen)
    terminal.type("\x03")
    terminal.until_asked()
    terminal.write("/chats")
    terminal.type("\r")
    terminal.until(lambda screen: "Which chat?" in screen)
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
    dumb.until(lambda screen: screen.count(reply) == 2 and screen.endswith("\n›"))
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
