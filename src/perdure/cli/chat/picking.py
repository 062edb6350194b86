"""A list that narrows as one types. Pure: keys in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from perdure.cli.chat.fuzzy import ranked


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to be chosen: what it stands for, what is seen of it."""

    key: str
    title: str
    hint: str = ""


@dataclass(slots=True)
class Picking:
    """Where a person is in the list."""

    choices: Sequence[Choice]
    wanted: str = ""
    place: int = 0
    _found: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.narrow(self.wanted)

    def narrow(self, wanted: str) -> None:
        """Show what fits; the best of it is chosen."""
        self.wanted, self.place = wanted, 0
        titles = ranked(wanted, [choice.title for choice in self.choices])
        # A hint is found too, behind all titles, where the words stand in it as they are.
        hints = [n for n, choice in enumerate(self.choices) if wanted.strip().casefold() in choice.hint.casefold()]
        self._found = [*titles, *(n for n in hints if n not in titles)]

    def move(self, step: int) -> None:
        """Up and down; at an end it stays."""
        self.place = max(0, min(self.place + step, len(self._found) - 1))

    @property
    def chosen(self) -> Choice | None:
        """The one under the mark; None where nothing fits."""
        return self.choices[self._found[self.place]] if self._found else None

    def rows(self, height: int) -> list[tuple[bool, Choice]]:
        """So many rows around the mark: (whether it is marked, the choice)."""
        top = max(0, min(self.place - height // 2, len(self._found) - height))
        return [(top + n == self.place, self.choices[index]) for n, index in enumerate(self._found[top : top + height])]

    @property
    def count(self) -> int:
        """How many fit."""
        return len(self._found)
