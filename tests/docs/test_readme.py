"""The first thing that a newcomer reads is true."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click import Context

import perdure
from perdure.cli import main
from perdure.core.turn import diagram

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)]+)\)")
SOURCES = Path(perdure.__file__).parent


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [body for found, body in FENCED.findall(README) if found == language]


def layout() -> list[str]:
    """The lines of the layout tree."""
    (tree,) = [body for body in blocks("") if body.startswith("src/perdure/")]
    return tree.splitlines()


def test_the_diagram_is_drawn_from_the_transition_table() -> None:
    """Whoever changes the life of a turn sees the picture change, or this test fail."""
    assert [body.rstrip("\n") for body in blocks("mermaid")] == [diagram()]


def test_every_folder_of_the_layout_exists() -> None:
    """Nobody looks for something where it is not."""
    parent = Path()
    for line in layout():
        name = line.split()[0]
        assert name.endswith("/"), f"no folder: {line}"
        if not line.startswith(" "):
            parent = Path(name)
        folder = ROOT / (parent / name if line.startswith(" ") else name)
        assert folder.is_dir(), f"{folder} is not there"
        assert len(line.split(maxsplit=1)) == 2 or parent == Path(name), f"what is in {name}?"


def test_the_layout_leaves_no_folder_out() -> None:
    """Every package of the program is in the tree; `web` is built, not written."""
    told = {line.split()[0].rstrip("/") for line in layout() if line.startswith(" ")}
    there = {path.parent.name for path in SOURCES.glob("*/__init__.py")} - {"web"}
    assert there <= told


def test_the_first_screen_has_the_two_commands() -> None:
    """`make serve` and `make test` stand before anything else, and the Makefile knows them."""
    first = README[: README.index("![")]
    makefile = (ROOT / "Makefile").read_text()
    for recipe in ("serve", "test"):
        assert f"make {recipe}" in first
        assert re.search(rf"^{recipe}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("link", sorted({found for found in LINK.findall(README) if not urlsplit(found).scheme}))
def test_every_link_leads_somewhere(link: str) -> None:
    """Files, pictures, and headings of other documents."""
    path, _, heading = link.partition("#")
    target = ROOT / path if path else ROOT / "README.md"
    assert target.exists()
    if heading:
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        assert heading in {re.sub(r"[^\w\- ]", "", text).lower().replace(" ", "-") for text in headings}


def test_the_commands_it_shows_are_commands() -> None:
    """Each `perdure …` line of the README names a command that there is."""
    shown = set(re.findall(r"^perdure ([a-z]+)", "\n".join(blocks("")), re.MULTILINE))
    assert shown
    assert shown <= set(main.list_commands(Context(main)))
