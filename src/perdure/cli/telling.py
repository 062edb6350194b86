"""An error of the tree in a few sentences: what happened, whose fault it is, what helps, and where the log has it."""

from __future__ import annotations

from perdure.core.errors import Fault, PerdureError


def told(error: PerdureError) -> str:
    """For a line of the terminal. All faces of one failure end the same."""
    if error.fault is Fault.CLIENT:
        # Nothing failed: the detail says what was asked wrongly, and no log has to be searched.
        return f"{_sentence(error.detail)} {error.remedy}"
    found = f" Error id: {error.error_id}." if error.error_id else ""
    return f"{_sentence(error.detail)} {error.verdict} {error.remedy}{found}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
