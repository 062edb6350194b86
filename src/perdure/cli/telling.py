"""An error of the tree in a few sentences: what happened, whose fault it is, what helps, and where the log has it."""

from __future__ import annotations

import math

from perdure.core.errors import Fault, NetworkError, PerdureError, Restarting, page_of


def told(error: PerdureError) -> str:
    """For a line of the terminal. All faces of one failure end the same."""
    if error.fault is Fault.CLIENT:
        # Nothing failed: the detail says what was asked wrongly, and no log has to be searched.
        return f"{_sentence(error.detail)} {error.remedy}"
    saved = " What you sent is saved." if error.saved else ""
    found = f", error id {error.error_id}" if error.error_id else ""
    more = f"(more: {page_of(type(error))} on the server{found})"
    return f"{_sentence(error.detail)} {error.verdict}{saved} {error.remedy} {more}"


def told_while_waiting(error: PerdureError) -> str:
    """A few words for the time in which it is tried again by itself."""
    if isinstance(error, (NetworkError, Restarting)):
        return "reconnecting…"
    wait = f"in {math.ceil(error.retry_after_s)} s" if error.retry_after_s else "soon"
    return f"{error.title[0].lower()}{error.title[1:]}; it is tried again {wait}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
