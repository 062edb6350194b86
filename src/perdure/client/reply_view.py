"""One reply as a reader sees it: events in, new characters out. Pure.

A character is given out once and never taken back, whatever comes again after a reconnection. Every event that holds
the reply's text so far helps: what one of them did not bring, a later one does.
"""

from __future__ import annotations

from typing import Any

from perdure.client.shapes import FINAL, Failure


class ReplyView:
    """A reply in the making.

    `author` is whose words they are, None until the reply's message was seen; `state` is its turn's, `shown` what was
    given out, `behind` what of it was there before (a reply that is continued), `handovers` how the attempts ended that
    ended too early.
    """

    def __init__(self, turn_id: str, message_id: str, author: str | None = None, behind: str = "") -> None:
        self.turn_id = turn_id
        self.message_id = message_id
        self.author = author
        self.state = "queued"
        self.shown = self.behind = behind
        self.error: Failure | None = None
        self.handovers: list[str] = []
        self.waits_for_model = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in FINAL

    def see(self, kind: str, data: dict[str, Any]) -> str:
        """The characters that are new with an event of the chat; none for an event of something else."""
        if self.ended:
            return ""
        if kind == "delta" and data["turn_id"] == self.turn_id:
            # A gap is left to the next event that holds all of the text.
            return self._up_to(self.shown[: data["offset"]] + data["text"]) if data["offset"] <= len(self.shown) else ""
        if kind == "turn" and data["id"] == self.turn_id:
            self.waits_for_model = data["waiting_for"] == "model"
            self.handovers = [a["outcome"] for a in data["attempts"] if a["outcome"] not in (None, *FINAL)]
        elif kind == "message" and data["id"] == self.message_id:
            self.author = data["author"]
        else:
            return ""
        new = self._up_to(data["text"])
        self.state, self.error = data["state"], data["error"]
        return new

    def _up_to(self, text: str) -> str:
        if not text.startswith(self.shown):
            return ""
        new = text[len(self.shown) :]
        self.shown = text
        return new
