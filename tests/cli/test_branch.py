"""Which message an order means."""

from __future__ import annotations

from typing import Any, cast

import pytest

from perdure.cli.chat import branch
from perdure.cli.chat.branch import Ask, Nothing, Show
from perdure.client.shapes import Message


def message(name: str, role: str = "character", parent: str | None = "p", siblings: str | None = None) -> Message:
    """A message; `siblings` are names of one letter."""
    listed = None if siblings is None else list(siblings)
    return cast(Message, {"id": name, "role": role, "parent_id": parent, "siblings": listed})


GREETING = message("g", parent=None, siblings="fgh")
ASKED = message("u", "user", "g", "u")
REPLY = message("b", parent="u", siblings="abc")


@pytest.mark.parametrize(
    ("messages", "step", "to"),
    [
        ([GREETING, ASKED, REPLY], 1, Show("c")),
        ([GREETING, ASKED, REPLY], -1, Show("a")),
        ([GREETING, ASKED, message("c", parent="u", siblings="abc")], 1, Ask("u", first=False)),
        ([GREETING, ASKED, message("a", parent="u", siblings="abc")], -1, Nothing("this is the first")),
        ([GREETING], 1, Show("h")),
        ([message("h", parent=None, siblings="fgh")], 1, Nothing("this is the last greeting")),
        ([GREETING, ASKED], 1, Ask("u", first=True)),
        ([], 1, Nothing("nothing was said yet")),
        ([message("x", parent="u")], 1, Ask("u", first=False)),
    ],
)
def test_a_swipe_shows_what_is_there_and_asks_behind_the_last(messages: list[Message], step: int, to: Any) -> None:
    """Also among greetings, of which no more are written; a message without an answer gets its first."""
    assert branch.swiped(messages, step) == to


def test_a_reply_is_asked_for_by_its_number() -> None:
    """From 1; the one that is shown is no change."""
    messages = [GREETING, ASKED, REPLY]
    assert branch.swiped_to(messages, 3) == Show("c")
    assert branch.swiped_to(messages, 2) == Nothing("this is 2/3")
    assert branch.swiped_to(messages, 9) == Ask("u", first=False)


def test_another_reply_is_always_a_new_one() -> None:
    """Whichever of the replies is shown; greetings are not made again."""
    assert branch.another([GREETING, ASKED, REPLY]) == Ask("u", first=False)
    assert branch.another([GREETING, ASKED]) == Ask("u", first=True)
    assert isinstance(branch.another([GREETING]), Nothing)
    assert isinstance(branch.another([]), Nothing)


def test_greetings_go_round() -> None:
    """The next one, behind the last the first; or the nth."""
    assert branch.greeted([GREETING, ASKED], None) == Show("h")
    assert branch.greeted([message("h", parent=None, siblings="fgh")], None) == Show("f")
    assert branch.greeted([GREETING], 1) == Show("f")
    assert branch.greeted([GREETING], 2) == Nothing("this is 2/3")
    assert isinstance(branch.greeted([GREETING], 4), Nothing)
    assert isinstance(branch.greeted([ASKED, REPLY], None), Nothing)
    assert isinstance(branch.greeted([message("g", parent=None)], None), Nothing)


def test_rewinding_goes_to_before_what_was_said() -> None:
    """The nth last message of the person goes, and all behind it."""
    again = message("v", "user", "b", "v")
    messages = [GREETING, ASKED, REPLY, again, message("d", parent="v")]
    assert branch.rewound(messages, 1) == Show("b")
    assert branch.rewound(messages, 2) == Show("g")
    assert isinstance(branch.rewound(messages, 3), Nothing)
    assert isinstance(branch.rewound([message("u", "user", None)], 1), Nothing)


def test_the_place_among_siblings_is_shown_where_there_are_any() -> None:
    """ "2/3", and nothing for an only one."""
    assert branch.marked(REPLY) == "2/3"
    assert branch.marked(ASKED) == branch.marked(message("x")) == ""
