"""The fault matrix: how often each kind of failure is told as what it is, on every surface, over `--rounds` runs each.

Behind Perdure a proxy stands between its workers and the scripted model's server, and does to each request what the
message asks for (`tests/faults/behind.py`); in a terminal, one `perdure chat` says all of them, one after the other; in
the page, Chromium opens the chats whose replies have failed. Before Perdure the same proxy stands between the Python
client and the server (`tests/client/test_failures.py`). Right is who says the very class, whose fault it is, and that
what was sent is saved. Printed are the share that was right, by surface, and the confusion table: what was expected,
what was said instead, how often.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import report
from perdure.client import AsyncPerdure, Backoff
from perdure.client import connection as connecting
from perdure.core.errors import PerdureError
from tests.browser.chromium import chromium
from tests.client.test_failures import FACES
from tests.faults.behind import BEHIND, SILENT, Behind, saying
from tests.faults.proxy import Proxy
from tests.faults.surfaces import NOTHING, SURFACES, Told, api_chat, in_words, recovers, seen, terminal
from tests.http.installation import Installation, ScriptedBackend

AT_ONCE = 8
"""Rounds that are under way together: most of a round is waiting for Perdure's own retries."""

REPLIES_AT_ONCE = 40
"""What is asked for together beside the terminals. A crowd would meet the limits of the machine, which is another kind
of failure, and told as that."""

NARROW = {
    "patience_s": 2.0,
    "max_queued": 0,
    "messages_per_minute": 0,
    "streams_per_worker": 2000,
}
HASTY_S = 0.5
"""What one of the two Perdures takes for silence: the one that meets the silent kinds."""

ATTEMPT_S = 0.5
"""How long the client waits before Perdure, so that nobody waits ten seconds for what never comes."""

Cell = tuple[str, str]
"""A surface and a kind."""


class Tally:
    """What was said, by cell."""

    def __init__(self) -> None:
        self.said: dict[Cell, Counter[str]] = {}

    def note(self, cell: Cell, told: Told, wanted: type[PerdureError], *, saved: bool = True) -> None:
        """One answer."""
        right = (told.code, told.fault, told.saved) == (wanted.code, str(wanted.fault), saved) and told.remedy != ""
        words = wanted.code if right else f"{told.code or 'nothing'} ({told.fault}, saved {told.saved})"
        self.said.setdefault(cell, Counter())[words] += 1

    def failed(self, cell: Cell, error: BaseException) -> None:
        """The surface itself broke: it was not right either."""
        self.said.setdefault(cell, Counter())[f"{type(error).__name__}: {error}"[:80]] += 1

    def rows(self, wanted: dict[str, type[PerdureError]]) -> list[list[object]]:
        """Of each surface: cells, answers, and how many of them were right."""
        rows: list[list[object]] = []
        for surface in dict.fromkeys(surface for surface, _ in self.said):
            cells = {kind: said for (where, kind), said in self.said.items() if where == surface}
            answers = sum(said.total() for said in cells.values())
            right = sum(said[wanted[kind].code] for kind, said in cells.items())
            rows.append([surface, len(cells), answers, right, f"{100 * right / answers:.2f} %"])
        return rows

    def confusion(self, wanted: dict[str, type[PerdureError]]) -> list[list[object]]:
        """What was said instead of what."""
        return [
            [surface, kind, wanted[kind].code, words, times]
            for (surface, kind), said in self.said.items()
            for words, times in said.items()
            if words != wanted[kind].code
        ]


@dataclass(frozen=True, slots=True)
class Both:
    """The Perdure that waits long, and the one of little patience."""

    patient: str
    hasty: str

    def url(self, name: str) -> str:
        """The one that a kind is for."""
        return self.hasty if name in SILENT else self.patient


async def one_round(both: Both, tally: Tally, room: asyncio.Semaphore) -> None:
    """Every kind once on every surface that costs no process of its own, and one terminal that meets them all."""
    cells = [(way, name) for name in BEHIND for way in SURFACES if way != "cli"]

    async def ask(cell: Cell) -> None:
        way, name = cell
        async with room:
            try:
                tally.note(cell, await SURFACES[way](both.url(name), saying(name)), BEHIND[name].error)
            except Exception as error:
                tally.failed(cell, error)

    async def again(name: str) -> None:
        async with room:
            try:
                good = await recovers(both.url(name), saying(name))
            except Exception as error:
                tally.failed(("recovery", name), error)
                return
        tally.said.setdefault(("recovery", name), Counter())[BEHIND[name].error.code if good else "stuck"] += 1

    loud = [name for name in BEHIND if name not in SILENT]
    terminals = (in_a_terminal(both.patient, loud, tally), in_a_terminal(both.hasty, sorted(SILENT), tally))
    await asyncio.gather(*(ask(cell) for cell in cells), *(again(name) for name in BEHIND), *terminals)


async def in_a_terminal(url: str, names: Sequence[str], tally: Tally) -> None:
    """All of these in one `perdure chat`: what it writes of each stands on a line of its own."""
    words = await terminal(url, [saying(name) for name in names])
    lines = [in_words(line) for line in words.splitlines() if "/help/errors/" in line]
    for n, name in enumerate(names):
        tally.note(("cli", name), lines[n] if n < len(lines) else NOTHING, BEHIND[name].error)


async def in_the_page(both: Both, rounds: int, tally: Tally) -> None:
    """Chromium opens every failed reply again and again: each time it reads and shows it anew."""
    chats = await asyncio.gather(*(api_chat(both.url(name), saying(name)) for name in BEHIND))
    async with chromium() as browser:
        page = await (await browser.new_context(locale="en")).new_page()
        for _ in range(rounds):
            for name, chat in zip(BEHIND, chats, strict=True):
                try:
                    tally.note(("page", name), await seen(page, both.url(name), chat), BEHIND[name].error)
                except Exception as error:
                    tally.failed(("page", name), error)


async def before_perdure(url: str, rounds: int, tally: Tally) -> None:
    """The Python client behind a proxy that fails."""
    connecting.ATTEMPT_S = ATTEMPT_S
    with Proxy(url) as proxy:
        for face, fault, kind in FACES:
            name = f"before: {face}"
            proxy.always(fault)
            for _ in range(rounds):
                async with AsyncPerdure(proxy.url, patience_s=0.0, backoff=Backoff(0.001, 0.01)) as perdure:
                    try:
                        await perdure.status()
                        tally.note(("client, before", name), NOTHING, kind)
                    except PerdureError as error:
                        told = Told(error.code, str(error.fault), True, error.remedy)
                        tally.note(("client, before", name), told, kind)


def dict_of_faces() -> dict[str, type[PerdureError]]:
    """What each face has to end in."""
    return {f"before: {face}": kind for face, _, kind in FACES}


async def measure(rounds: int, parts: Sequence[str]) -> Tally:
    """Everything, in one Perdure."""
    tally, room = Tally(), asyncio.Semaphore(REPLIES_AT_ONCE)
    backend = ScriptedBackend()
    with tempfile.TemporaryDirectory() as folder, Behind(backend.url.removesuffix("/v1")) as proxy:
        narrow = {**NARROW, "backend_url": f"{proxy.url}/v1"}
        patient = Installation(Path(folder) / "patient", **narrow)
        hasty = Installation(Path(folder) / "hasty", first_token_s=HASTY_S, stall_s=HASTY_S, **narrow)
        for one in (patient, hasty):
            one.start()
        both = Both(patient.url, hasty.url)
        try:
            if "behind" in parts:
                for begun in range(0, rounds, AT_ONCE):
                    await asyncio.gather(*(one_round(both, tally, room) for _ in range(min(AT_ONCE, rounds - begun))))
                    print(f"{min(begun + AT_ONCE, rounds)} of {rounds} rounds", file=sys.stderr)
            if "page" in parts:
                await in_the_page(both, rounds, tally)
            if "before" in parts:
                await before_perdure(patient.url, rounds, tally)
        finally:
            for one in (patient, hasty):
                one.close()
            backend.close()
    return tally


def main() -> None:
    """Measure and print."""
    given = report.arguments(__doc__, 100, parts="behind,page,before")
    tally = asyncio.run(measure(given.rounds, given.parts.split(",")))
    wanted = {**{name: kind.error for name, kind in BEHIND.items()}, **dict_of_faces()}
    print(report.table(("surface", "kinds", "answers", "right", "share"), tally.rows(wanted)))
    print()
    print(report.table(("surface", "kind", "expected", "said instead", "times"), tally.confusion(wanted) or [["none"]]))
    if given.json is not None:
        figures = {f"{surface}: {kind}": dict(said) for (surface, kind), said in tally.said.items()}
        given.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
