"""Swipes, edits, rewinding, deleting and choosing, by a person at a real terminal over a real server."""

from __future__ import annotations

import stat
from pathlib import Path
from uuid import uuid4

from tests.cli.conftest import Open
from tests.cli.server import ask, branch, unwrapped
from tests.cli.terminal import Terminal
from tests.http.installation import Installation

CTRL_C, CTRL_RIGHT, CTRL_LEFT, DOWN, UP, TAB = "\x03", "\x1b[1;5C", "\x1b[1;5D", "\x1b[B", "\x1b[A", "\t"


def begin(open_terminal: Open, url: str, name: str = "Mizzle", *arguments: str) -> Terminal:
    terminal = open_terminal("chat", name, "--new", "--server", url, *arguments)
    terminal.until_asked()
    return terminal


def test_swipes_show_their_place_and_take_nothing_back(installation: Installation, open_terminal: Open) -> None:
    """Behind the last reply another one is written; the others stay, and can be gone back to, by key or by order."""
    terminal = begin(open_terminal, installation.url)
    first = terminal.say("swipe me [[tokens=3]]")
    second = terminal.press(CTRL_RIGHT, "2/2")
    third = terminal.say("/regenerate")
    assert "Mizzle  3/3\n" in third
    texts = [branch(installation.url)[-1]["text"]]
    assert "Mizzle  2/3\n" in terminal.press(CTRL_LEFT, "2/3")
    texts.insert(0, branch(installation.url)[-1]["text"])
    assert "Mizzle  1/3\n" in terminal.say("/prev")
    texts.insert(0, branch(installation.url)[-1]["text"])
    for shown, text in zip((first, second, third), texts, strict=True):
        assert text in shown
    assert len(set(texts)) == 3
    assert "(this is the first)" in terminal.press(CTRL_LEFT, "(this is the first)")
    assert texts[2] in terminal.say("/swipe 3")
    assert branch(installation.url)[-1]["text"] == texts[2]
    assert "(it is written /swipe [n]" in terminal.say("/swipe many")


def test_greetings_are_swiped_and_none_is_written(installation: Installation, open_terminal: Open) -> None:
    """At the beginning of a chat; later `/greeting` begins it with another one, and the branch that was is kept."""
    terminal = begin(open_terminal, installation.url)
    terminal.press(CTRL_RIGHT, "Mizzle  2/3")
    terminal.press(CTRL_RIGHT, "Mizzle  3/3")
    terminal.press(CTRL_RIGHT, "(this is the last greeting)")
    terminal.say("hello [[tokens=2]]")
    before = branch(installation.url)
    assert "Mizzle  1/3" in terminal.say("/greeting")
    assert [m["depth"] for m in branch(installation.url)] == [0]
    terminal.say("/greeting 3")
    assert [m["id"] for m in branch(installation.url)] == [m["id"] for m in before]


def test_a_swipe_onto_a_long_branch_shows_where_it_ends(installation: Installation, open_terminal: Open) -> None:
    """What one says next stands behind the end of it, so that is what has to be seen."""
    terminal = begin(open_terminal, installation.url)
    chat = branch(installation.url)[0]["chat_id"]
    for n in range(30):
        ask(installation.url, f"/chats/{chat}/messages/{uuid4()}", body={"text": f"number {n:02}.", "reply": False})
    terminal.say("/greeting 2")
    shown = terminal.say("/greeting 1")
    assert "Mizzle  1/3" in shown
    assert "a long branch" in shown
    assert [f"number {n:02}." in shown for n in (0, 9, 10, 29)] == [False, False, True, True]


def test_with_words_typed_ctrl_arrows_move_in_them(installation: Installation, open_terminal: Open) -> None:
    """A half-written message is no swipe."""
    terminal = begin(open_terminal, installation.url)
    terminal.write("one three")
    terminal.type(f"{CTRL_LEFT}two ")
    terminal.until(lambda screen: screen.endswith("› one two three"))
    assert branch(installation.url)[0]["siblings"].index(branch(installation.url)[0]["id"]) == 0


def test_an_edit_is_a_branch(installation: Installation, open_terminal: Open) -> None:
    """The message stands in the line to be changed; what comes of it stands beside the old one, with its own reply."""
    terminal = begin(open_terminal, installation.url)
    terminal.say("hello [[tokens=2]]")
    before = branch(installation.url)
    terminal.write("/edit")
    terminal.type("\r")
    terminal.until(lambda screen: screen.endswith("› hello [[tokens=2]]") and "in other words" in screen)
    terminal.type(" again\r")
    terminal.until_asked()
    after = branch(installation.url)
    assert after[1]["text"] == "hello [[tokens=2]] again"
    assert after[1]["siblings"] == [before[1]["id"], after[1]["id"]]
    assert after[2]["parent_id"] == after[1]["id"]
    terminal.write("/edit reply")
    terminal.type("\r")
    terminal.until(lambda screen: screen.endswith(f"› {after[2]['text']}"))
    terminal.type(" And mine.\r")
    screen = terminal.until(lambda screen: screen.count("Mizzle  2/2") == 1 and screen.endswith("/help"))
    assert f"Mizzle  2/2\n  {after[2]['text']} And mine.\n" in screen
    assert branch(installation.url)[-1]["author"] == "Mizzle"


def test_an_edit_that_is_left_changes_nothing(installation: Installation, open_terminal: Open) -> None:
    """Ctrl-C in the middle of it."""
    terminal = begin(open_terminal, installation.url)
    terminal.say("hello [[tokens=2]]")
    before = branch(installation.url)
    terminal.write("/edit")
    terminal.type("\r")
    terminal.until(lambda screen: screen.endswith("› hello [[tokens=2]]") and "in other words" in screen)
    terminal.type(CTRL_C)
    terminal.until(lambda screen: "(left as it is)" in screen)
    terminal.until_asked()
    assert branch(installation.url) == before


def test_rewinding_keeps_what_came_after(installation: Installation, open_terminal: Open) -> None:
    """The branch ends earlier, and what is said now begins another one."""
    terminal = begin(open_terminal, installation.url)
    for text in ("one [[tokens=2]]", "two [[tokens=2]]", "three [[tokens=2]]"):
        terminal.say(text)
    before = branch(installation.url)
    shown = terminal.say("/rewind 2")
    assert before[2]["text"] in shown
    assert [m["id"] for m in branch(installation.url)] == [m["id"] for m in before[:3]]
    terminal.say("other [[tokens=2]]")
    assert branch(installation.url)[3]["siblings"] == [before[3]["id"], branch(installation.url)[3]["id"]]
    assert "(there is nothing to go back to)" in terminal.say("/rewind 9")


def test_deleting_can_be_undone(installation: Installation, open_terminal: Open) -> None:
    """The last messages go, and come back as they were, each deletion for itself."""
    terminal = begin(open_terminal, installation.url)
    terminal.say("one [[tokens=2]]")
    terminal.say("two [[tokens=2]]")
    before = [m["id"] for m in branch(installation.url)]
    assert "/undo brings back" in terminal.say("/delete")
    assert [m["id"] for m in branch(installation.url)] == before[:4]
    terminal.say("/delete 2")
    assert [m["id"] for m in branch(installation.url)] == before[:2]
    terminal.say("/undo")
    assert [m["id"] for m in branch(installation.url)] == before[:4]
    assert "(it is back)" in terminal.say("/undo")
    assert [m["id"] for m in branch(installation.url)] == before
    assert "(nothing was deleted here)" in terminal.say("/undo")


def test_a_reply_goes_on(installation: Installation, open_terminal: Open) -> None:
    """Only the new words are written; the reply that was is still there, beside the longer one."""
    terminal = begin(open_terminal, installation.url)
    terminal.write("go on [[tokens=900 interval=0.01]]")
    terminal.type("\r")
    terminal.until(lambda screen: " " in screen.rpartition("Mizzle\n  ")[2].strip())
    terminal.type(CTRL_C)
    terminal.until_asked()
    stopped = branch(installation.url)[-1]
    terminal.write("/continue")
    terminal.type("\r")
    terminal.until(lambda screen: "goes on\n  " in screen and " " in screen.rpartition("goes on\n")[2].strip())
    terminal.type(CTRL_C)
    screen = terminal.until_asked()
    longer = branch(installation.url)[-1]
    assert longer["text"].startswith(stopped["text"])
    new = unwrapped(screen.rpartition("goes on\n")[2]).partition(" (stopped)")[0]
    assert new == unwrapped(longer["text"][len(stopped["text"]) :])
    assert longer["siblings"] == [stopped["id"], longer["id"]]


def test_who_one_is_can_be_changed(installation: Installation, open_terminal: Open) -> None:
    """By name, completed with Tab, or from a list; and one can be nobody again."""
    persona = str(uuid4())
    name = f"Ada {persona[:6]}"
    ask(installation.url, f"/personas/{persona}", body={"name": name, "description": "a mathematician"})
    terminal = begin(open_terminal, installation.url)
    chat_id = branch(installation.url)[0]["chat_id"]
    terminal.write(f"/persona {name[:8]}")
    terminal.type(TAB)
    terminal.until(lambda screen: screen.endswith(f"› /persona {name}"))
    terminal.type("\r")
    terminal.until(lambda screen: f"(you are {name} here)" in screen)
    assert ask(installation.url, f"/chats/{chat_id}")["persona_id"] == persona
    terminal.say("/persona none")
    assert ask(installation.url, f"/chats/{chat_id}")["persona_id"] is None
    terminal.write("/persona")
    terminal.type("\r")
    terminal.until(lambda screen: "Who are you here?" in screen)
    terminal.type(f"{persona[:6]}\r")
    terminal.until_asked()
    assert ask(installation.url, f"/chats/{chat_id}")["persona_id"] == persona


def test_a_character_and_a_chat_are_picked(installation: Installation, open_terminal: Open) -> None:
    """Without a NAME: letters narrow the list, arrows move in it, Enter goes on with the last chat."""
    begin(open_terminal, installation.url, "Philomena").say("remember [[tokens=2]]")
    before = branch(installation.url)
    terminal = open_terminal("chat", "--server", installation.url)
    terminal.until(lambda screen: "Whom do you want to talk with?" in screen and "Mizzle" in screen)
    terminal.type("phlm")
    terminal.until(lambda screen: "› phlm\n▸ Philomena" in screen and "Mizzle" not in screen)
    terminal.type("\r")
    terminal.until(lambda screen: "Which chat?" in screen and "▸ Philomena" in screen)
    terminal.type(DOWN)
    terminal.until(lambda screen: "▸ A new chat" in screen)
    terminal.type(f"{UP}\r")
    screen = terminal.until_asked()
    assert "Which chat?" not in screen, "the list goes as it is left"
    assert screen.startswith("Philomena")
    assert f"{before[2]['text']}\n\n› Write to Philomena" in screen
    terminal.say("/new")
    assert branch(installation.url)[0]["chat_id"] != before[0]["chat_id"]
    terminal.write("/chats")
    terminal.type("\r")
    terminal.until(lambda screen: "Which chat?" in screen)
    terminal.type(f"{before[2]['text'][:8]}\r")
    terminal.until(lambda screen: screen.endswith(f"{before[2]['text']}\n\n› Write to Philomena · /help"))
    assert "Ansgar Tolle" in terminal.say("/characters ansgar")
    assert terminal.last == "› Write to Ansgar Tolle · /help"


def test_a_list_can_be_left(installation: Installation, open_terminal: Open) -> None:
    """Escape and Ctrl-C choose nothing: at the beginning that is the end."""
    for key in ("\x1b", CTRL_C):
        terminal = open_terminal("chat", "--server", installation.url)
        terminal.until(lambda screen: "Mizzle" in screen)
        terminal.type(key)
        assert terminal.ended() == 0
        assert terminal.screen == ""
        assert terminal.cooked()


def test_messages_of_several_lines(installation: Installation, open_terminal: Open) -> None:
    """Alt-Enter and a backslash make a line, a paste keeps its own; it is one message."""
    terminal = begin(open_terminal, installation.url)
    terminal.type("one\\\rtwo\x1b\rthree \x1b[200~[[tokens=2]]\nfour\x1b[201~")
    terminal.until(lambda screen: screen.endswith("› one\n  two\n  three [[tokens=2]]\n  four"))
    terminal.type("\r")
    terminal.until_asked()
    assert branch(installation.url)[1]["text"] == "one\ntwo\nthree [[tokens=2]]\nfour"


def test_the_editor_writes_a_message(installation: Installation, open_terminal: Open, tmp_path: Path) -> None:
    """Ctrl-X Ctrl-E opens $EDITOR with what is typed, and takes what it leaves."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s, edited [[tokens=2]]" "$(cat "$1")" > "$1"\n')
    editor.chmod(0o755)
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url, EDITOR=str(editor), VISUAL="")
    terminal.write("typed")
    terminal.type("\x18\x05")
    terminal.until_asked()
    assert branch(installation.url)[1]["text"] == "typed, edited [[tokens=2]]"


def test_what_was_typed_is_there_in_the_next_session(
    installation: Installation, open_terminal: Open, tmp_path: Path
) -> None:
    """Arrow up brings it, and nobody else can read it."""
    begin(open_terminal, installation.url).say("remember this [[tokens=2]]")
    terminal = begin(open_terminal, installation.url)
    terminal.type(UP)
    terminal.until(lambda screen: screen.endswith("› remember this [[tokens=2]]"))
    (file,) = (tmp_path / "perdure").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_unknown_orders_are_not_said(installation: Installation, open_terminal: Open) -> None:
    """They are explained; two slashes say one; /help lists all, and /quit leaves."""
    terminal = begin(open_terminal, installation.url)
    assert "Perhaps /regenerate?" in terminal.say("/regenrate")
    assert len(branch(installation.url)) == 1
    terminal.say("//me waves [[tokens=2]]")
    assert branch(installation.url)[1]["text"] == "/me waves [[tokens=2]]"
    told = terminal.say("/help")
    assert "/rewind [n]" in told
    assert "Ctrl-→" in told
    before = branch(installation.url)
    assert unwrapped(before[1]["text"]) in unwrapped(terminal.say("/history"))
    terminal.write("/quit")
    terminal.type("\r")
    assert terminal.ended() == 0
