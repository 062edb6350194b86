"""What the documents tell a person about the terminal is what it does."""

from __future__ import annotations

import re
from pathlib import Path

from perdure.cli.chat.keymap import KEYS
from perdure.cli.chat.orders import ORDERS

USERS = (Path(__file__).parents[2] / "docs" / "users.md").read_text()


def table(head: str) -> list[tuple[str, str]]:
    """The rows of the table whose first column has this head."""
    found = re.search(rf"^\| {head} \|.*\n\| --- .*\n((?:\|.*\n)+)", USERS, re.M)
    assert found is not None
    rows = [line.strip("|").split(" | ") for line in found[1].splitlines()]
    return [(first.strip(), second.strip()) for first, second in rows]


def test_the_keys_are_those_of_the_program() -> None:
    """All of them, in its words: the bindings are made of the same table."""
    assert table("key") == [(key.shown, key.sentence) for key in KEYS]


def test_the_orders_are_those_of_the_program() -> None:
    """All of them, in its words."""
    assert table("order") == [
        (f"`{f'/{name} {usage.argument}'.strip()}`", usage.sentence) for name, usage in ORDERS.items()
    ]
