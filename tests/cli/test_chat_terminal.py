"""`perdure chat` at a real terminal: what a person sees there, whatever dies behind it."""

from __future__ import annotations

import re
import signal
from uuid import uuid4

import pytest

from perdure.cli.telling import told
from perdure.core.errors import recall
from tests.cli.conftest import Open
from tests.cli.server import ask, branch, unwrapped
from tests.http.asking import reply_to
from tests.http.installation import Installation, eventually

CTRL_C, CTRL_D = "\x03", "\x04"
SPEAKING = re.compile(r"^ *\w{3}0 \w{3}1 ", re.M)


def test_a_conversation(installation: Installation, open_terminal: Open) -> None:
    """The greeting, then each reply as it comes; Ctrl-D leaves, and says how to go on. By default that is what happens:
    who comes back is in the chat where they were.
    """
    terminal = open_terminal("chat", "mizz", "--new", "--server", installation.url)
    greeting = terminal.until_asked()
    first = terminal.say("good evening [[tokens=40 interval=0.01]]")
    second = terminal.say("and now [[tokens=3]]")
    messages = branch(installation.url)
    assert greeting.startswith("Mizzle  1/3\n")
    assert unwrapped(messages[0]["text"]) in unwrapped(greeting)
    assert [m["text"] for m in messages[1::2]] == ["good evening [[tokens=40 interval=0.01]]", "and now [[tokens=3]]"]
    assert messages[2]["text"] == reply_to(messages[1]["text"], messages[2]["turn_id"])
    for shown, reply in ((first, messages[2]), (second, messages[4])):
        assert f"\n\nMizzle\n  {reply['text'][:20]}" in shown
        assert unwrapped(reply["text"]) in unwrapped(shown)
    terminal.type(CTRL_D)
    assert terminal.ended() == 0
    assert terminal.cooked()
    again = re.search(r"perdure (chat) (--chat) (\S+)", terminal.screen)
    assert again is not None
    assert again[3] == messages[0]["chat_id"]
    for arguments in (again.groups(), ("chat", "Mizzle")):
        later = open_terminal(*arguments, "--server", installation.url).until_asked()
        assert unwrapped(later).startswith(unwrapped(greeting).removesuffix("› Write to Mizzle · /help"))
        assert unwrapped(messages[4]["text"]) in unwrapped(later)


def test_in_a_group_everybody_speaks_under_their_own_name(installation: Installation, open_terminal: Open) -> None:
    """Each reply as it is written, a reply that is joined in its middle, and what was said before."""
    ids = {one["name"]: one["id"] for one in ask(installation.url, "/characters")["characters"]}
    chat_id = str(uuid4())
    ask(installation.url, f"/chats/{chat_id}", body={"character_ids": [ids["Mizzle"], ids["Miss Vesper"]]})
    terminal = open_terminal("chat", "--chat", chat_id, "--server", installation.url)
    for n in range(1, 4):
        terminal.say(f"round {n} [[tokens=4]]")
    said = branch(installation.url)[1:]
    assert [m["author"] for m in said[1::2]] == ["Miss Vesper", "Mizzle", "Miss Vesper"]
    for message in said[1::2]:
        assert f"\n{message['author']}\n  {message['text']}\n" in terminal.screen
    terminal.write("go on [[tokens=300 interval=0.02]]")
    terminal.type("\r")
    begun = re.compile(r"0\.02\]\]\n\nMizzle\n *\w{3}0 \w{3}1 ")
    terminal.until(begun.search)
    later = open_terminal("chat", "--chat", chat_id, "--server", installation.url)
    later.until(begun.search)
    later.type(CTRL_C)
    later.until_asked()
    for message in branch(installation.url)[1:]:
        assert unwrapped(message["text"]) in unwrapped(later.screen)


def test_ctrl_c_stops_a_reply_and_then_leaves(installation: Installation, open_terminal: Open) -> None:
    """During a reply it ends that, for good, and keeps what was said; again it leaves."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    terminal.write("never stop [[tokens=900 interval=0.02]]")
    terminal.type("\r")
    terminal.until(SPEAKING.search)
    terminal.type(CTRL_C)
    screen = terminal.until_asked()
    assert screen.endswith("(stopped)\n\n› Ctrl-C again leaves")
    last = branch(installation.url)[-1]
    assert last["state"] == "stopped"
    assert unwrapped(screen).endswith(f"Mizzle {unwrapped(last['text'])} (stopped) › Ctrl-C again leaves")
    terminal.type(CTRL_C)
    assert terminal.ended() == 0
    assert "Traceback" not in terminal.screen
    assert terminal.cooked()


def test_a_ctrl_c_that_comes_too_late_does_not_leave(installation: Installation, open_terminal: Open) -> None:
    """Who wanted to stop a reply that has just ended is told, and asked again; typed words are cleared, not sent."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    terminal.say("short [[tokens=2]]")
    terminal.type(CTRL_C)
    terminal.until(lambda screen: screen.endswith("› Ctrl-C again leaves"))
    terminal.write("not to be sent")
    terminal.type(CTRL_C)
    terminal.until(lambda screen: screen.endswith("/help"))
    assert len(branch(installation.url)) == 3
    terminal.type(CTRL_C)
    terminal.until(lambda screen: screen.endswith("› Ctrl-C again leaves"))
    terminal.type(CTRL_C)
    assert terminal.ended() == 0


def test_ctrl_c_is_heard_at_every_moment(installation: Installation, open_terminal: Open) -> None:
    """Pressed with the message itself, before anything can have been heard of a reply: none of it is lost, and nothing
    breaks. Once it stopped the reply; pressed twice it left.
    """
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    for n in range(5):
        terminal.write(f"race {n} [[tokens=400 interval=0.02]]")
        terminal.type(f"\r{CTRL_C}")
        terminal.until(lambda screen, n=n: screen.count("(stopped)") > n)
    terminal.until_asked()
    assert [m["state"] for m in branch(installation.url)[2::2]] == ["stopped"] * 5
    terminal.write("twice [[tokens=900 interval=0.02]]")
    terminal.type("\r")
    terminal.until(lambda screen: SPEAKING.search(screen.rpartition("twice")[2]))
    terminal.type(CTRL_C * 2)
    assert terminal.ended() == 0
    assert terminal.cooked()
    assert "Traceback" not in terminal.screen


def test_leaving_in_a_reply_does_not_end_it(installation: Installation, open_terminal: Open) -> None:
    """Ctrl-D goes; the reply is finished meanwhile, and is there, whole, for who comes back."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    text = "finish without me [[tokens=60 interval=0.02]]"
    terminal.write(text)
    terminal.type("\r")
    terminal.until(SPEAKING.search)
    terminal.type(CTRL_D)
    assert terminal.ended() == 0
    screen = open_terminal("chat", "Mizzle", "--server", installation.url).until_asked()
    last = branch(installation.url)[-1]
    assert last["state"] == "done"
    assert unwrapped(f"› {text} Mizzle {reply_to(text, last['turn_id'])} › Write") in unwrapped(screen)


def test_what_is_typed_during_a_reply_is_sent_behind_it(installation: Installation, open_terminal: Open) -> None:
    """The next message may be queued: it is not mixed into the words, and is sent once, when the reply has ended."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    terminal.write("wait [[tokens=60 interval=0.02]]")
    terminal.type("\r")
    terminal.until(SPEAKING.search)
    terminal.type("queued [[tokens=2]]\r")
    terminal.until(lambda screen: "› queued" in screen)
    screen = terminal.until_asked()
    messages = branch(installation.url)
    assert [m["text"] for m in messages[3:4]] == ["queued [[tokens=2]]"]
    assert unwrapped(f"{messages[2]['text']} › queued [[tokens=2]] Mizzle {messages[4]['text']}") in unwrapped(screen)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_it_was(
    installation: Installation, open_terminal: Open, signum: signal.Signals
) -> None:
    """Whoever ends it from elsewhere gets an ordinary end, at the prompt and in a reply; SIGINT is Ctrl-C."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    terminal.write("stay [[tokens=900 interval=0.02]]")
    terminal.type("\r")
    terminal.until(SPEAKING.search)
    terminal.signal(signum)
    if signum is signal.SIGINT:
        assert terminal.until_asked().endswith("(stopped)\n\n› Ctrl-C again leaves")
        terminal.signal(signum)
    assert terminal.ended() == 0
    assert terminal.cooked()
    at_prompt = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    at_prompt.until_asked()
    at_prompt.signal(signal.SIGTERM)
    assert at_prompt.ended() == 0
    assert at_prompt.cooked()


def test_no_death_shows_in_the_words(installation: Installation, open_terminal: Open) -> None:
    """Web and the worker die in mid-reply: no character is missing or comes twice; the remarks are quiet, and once."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    text = "stay with me [[tokens=150 interval=0.02]]"
    terminal.write(text)
    terminal.type("\r")
    terminal.until(SPEAKING.search)
    turn = ask(installation.url, f"/turns/{branch(installation.url)[-1]['turn_id']}")
    killed = {name: installation.kill(name) for name in (turn["attempts"][-1]["worker"], "web")}
    screen = terminal.until_asked()
    last = branch(installation.url)[-1]
    assert last["text"] == reply_to(text, last["turn_id"])
    assert screen.count("(reconnecting…)") == 1
    assert screen.count("(the worker died; the reply went on)") == 1
    said = unwrapped(screen.rpartition("Mizzle\n")[2]).partition(" (the worker died")[0]
    assert "".join(said.replace("(reconnecting…)", "").split()) == "".join(last["text"].split())
    for name, pid in killed.items():
        eventually(lambda name=name, pid=pid: installation.pid(name) not in (None, pid))


def test_what_was_typed_while_the_server_was_away(guarded: Installation, token: str, open_terminal: Open) -> None:
    """Everything is dead as the message is sent: it is tried until the server is back, and is there once."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", guarded.url, "--access-token", token)
    terminal.say("first [[tokens=3]]")
    guarded.kill_everything()
    terminal.write("are you there? [[tokens=3]]")
    terminal.type("\r")
    terminal.until(lambda screen: "reconnecting" in screen)
    guarded.start()
    screen = terminal.until_asked()
    texts = [m["text"] for m in branch(guarded.url, token)]
    assert texts.count("are you there? [[tokens=3]]") == 1
    assert len(texts) == 5
    assert texts[-1] in screen


def test_who_gives_up_sending_sends_it_once_after_all(guarded: Installation, token: str, open_terminal: Open) -> None:
    """Ctrl-C while the server is away gives the words back to the prompt; sent again, they are the same message."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", guarded.url, "--access-token", token)
    terminal.until_asked()
    guarded.kill_everything()
    terminal.write("perhaps [[tokens=3]]")
    terminal.type("\r")
    terminal.until(lambda screen: "reconnecting" in screen)
    terminal.type(CTRL_C)
    terminal.until(lambda screen: "given up" in screen and terminal.last == "› perhaps [[tokens=3]]")
    guarded.start()
    terminal.type("\r")
    terminal.until_asked()
    messages = branch(guarded.url, token)
    assert [m["text"] for m in messages[1:2]] == ["perhaps [[tokens=3]]"]
    assert len(messages) == 3


def test_a_reply_that_failed_says_what_to_do(installation: Installation, open_terminal: Open) -> None:
    """The sentence and the remedy stand where the reply would, and the conversation can go on."""
    terminal = open_terminal("chat", "Mizzle", "--new", "--server", installation.url)
    screen = unwrapped(terminal.say('fail [[status=400 message="no thanks"]]'))
    error = branch(installation.url)[-1]["error"]
    assert told(recall(error)) in screen
    terminal.say("[[times=0 tokens=2]]")
    assert branch(installation.url)[-1]["state"] == "done"
