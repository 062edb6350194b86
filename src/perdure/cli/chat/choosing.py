"""Who and what there is to choose: characters by name, and as rows of a list. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from perdure.cli.chat.harmless import harmless_line
from perdure.cli.chat.picking import Choice
from perdure.client.shapes import Character, Chat, Persona

NEW = "new"
"""The key of the choice that is no chat yet."""

NOBODY = "nobody"
"""The key of having no persona."""


class NotChosen(Exception):
    """No character, or more than one, goes by that name. The text says so to a person."""


def chosen(characters: Sequence[Character], name: str) -> Character:
    """The character of that id or name, or whose name alone begins so; case does not matter. Raises NotChosen."""
    wanted = name.strip().casefold()
    exact = [c for c in characters if wanted in (c["id"], c["name"].casefold())]
    found = exact or [c for c in characters if c["name"].casefold().startswith(wanted)]
    if len(found) == 1 or (exact and found):
        return found[0]
    if not found:
        raise NotChosen(f"There is no character called '{name}'. `perdure chat` lists them.")
    names = ", ".join(f"{c['name']}" for c in found)
    raise NotChosen(f"'{name}' could be {names}: write more of the name.")


def of_characters(characters: Sequence[Character]) -> list[Choice]:
    """Characters as rows: favourites first, then who was talked with last."""
    by_name = sorted(characters, key=lambda c: c["name"].casefold())
    recent = sorted(by_name, key=lambda c: c.get("last_chat_at") or "", reverse=True)
    ordered = sorted(recent, key=lambda c: not c.get("favourite"))
    return [
        Choice(c["id"], harmless_line(c["name"]), ("★ " if c.get("favourite") else "") + harmless_line(c["tagline"]))
        for c in ordered
    ]


def of_chats(chats: Sequence[Chat], now: datetime, *, new: bool) -> list[Choice]:
    """Chats as rows, last used first; `new` puts a new one behind the first, so that Enter goes on."""
    rows = [
        Choice(
            chat["id"],
            harmless_line(chat["title"]),
            f"{ago(chat['updated_at'], now)} · {harmless_line(chat['preview'])}",
        )
        for chat in chats
    ]
    return [*rows[:1], Choice(NEW, "A new chat"), *rows[1:]] if new else rows


def of_personas(personas: Sequence[Persona]) -> list[Choice]:
    """Personas as rows, and nobody in particular behind them."""
    rows = [Choice(p["id"], harmless_line(p["name"]), harmless_line(p["description"])) for p in personas]
    return [*rows, Choice(NOBODY, "Nobody in particular")]


def ago(instant: str, now: datetime) -> str:
    """How long ago an ISO instant was, in a word."""
    then = datetime.fromisoformat(instant)
    seconds = (now - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"
