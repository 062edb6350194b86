"""An error of the tree in a few sentences: what happened, whose fault it is, what helps, and where the log has it."""

from __future__ import annotations

from perdure.core.errors import Fault, PerdureError


def told(error: PerdureError) -> str:
    """For a line of the terminal. It ends the same for all faces of one failure."""
    id_of_it = f"Error id: {error.error_id}." if error.error_id and error.fault is not Fault.CLIENT else ""
    return " ".join(part for part in (_sentence(error.detail), error.verdict, error.remedy, id_of_it) if part)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
