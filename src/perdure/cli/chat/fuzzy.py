"""What a filter finds: letters that stand in order somewhere in the text, the nearer together and to a word's beginning
the better. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence


def ranked(wanted: str, texts: Sequence[str]) -> list[int]:
    """The indices of the texts that fit, best first; all of them, as they stand, for an empty filter."""
    scores = [(score, n) for n, text in enumerate(texts) if (score := fit(wanted, text)) is not None]
    return [n for _, n in sorted(scores)] if wanted.strip() else list(range(len(texts)))


def fit(wanted: str, text: str) -> int | None:
    """How badly the text fits (0 is best); None where the letters are not in it in this order."""
    letters = "".join(wanted.casefold().split())
    whole = text.casefold()
    if not letters:
        return 0
    starts = [n for n, letter in enumerate(whole) if letter == letters[0]]
    found = [penalty for start in starts if (penalty := _penalty(letters, whole, start)) is not None]
    return min(found, default=None)


def _penalty(letters: str, text: str, start: int) -> int | None:
    within_word = start > 0 and text[start - 1].isalnum()
    penalty = (8 if within_word else 0) + min(start, 7)
    at = start
    for letter in letters[1:]:
        following = text.find(letter, at + 1)
        if following < 0:
            return None
        gap = following - at - 1
        if gap:
            penalty += 4 + min(gap, 20) - (2 if not text[following - 1].isalnum() else 0)
        at = following
    return penalty
