"""A reply on the page, as it is written: the same at a terminal and in a pipe, but for what the page makes of it."""

from __future__ import annotations

from typing import Protocol

from perdure.cli.chat.talk import Begun, Note, Pressed, Said, Talk
from perdure.cli.telling import told
from perdure.client.reply_view import ReplyView
from perdure.core.errors import recall

HANDOVERS = {
    "worker_died": "the worker died",
    "lease_expired": "the worker fell silent",
    "released": "the worker was restarted",
}
"""Why somebody else went on with a reply; for all else it was the model."""


class Paper(Protocol):
    """What a reply is written on."""

    def begin(self, name: str, remark: str = "", behind: str = "") -> None:
        """Whose words follow."""

    def words(self, text: str) -> None:
        """More of them."""

    def end(self) -> None:
        """They are over."""

    def aside(self, remark: str) -> None:
        """A quiet remark among them."""

    def line(self, remark: str) -> None:
        """A quiet remark of its own."""

    def wrong(self, remark: str) -> None:
        """What went wrong."""


async def read(talk: Talk, paper: Paper, view: ReplyView, remark: str = "") -> bool:
    """Show the reply as it comes, to its end. Ctrl-C stops it. Returns whether it is as it should be."""
    if view.author is not None:
        paper.begin(view.author, remark, view.behind)
    async for item in talk.reply(view):
        match item:
            case Begun(author):
                paper.begin(author, remark, view.behind)
            case Said(text):
                paper.words(text)
            case Note(text):
                paper.aside(text)
            case Pressed():
                await talk.stop(view)
    paper.end()
    if view.handovers and view.state == "done":
        reasons = dict.fromkeys(HANDOVERS.get(outcome, "the model broke off") for outcome in view.handovers)
        paper.line(f"({' and '.join(reasons)}; the reply went on)")
    if view.state == "stopped":
        paper.line("(stopped)")
    if view.error is not None:
        paper.wrong(told(recall(view.error)))
    return view.error is None
