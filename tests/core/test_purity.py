"""The core is pure: what decides about a conversation reads no clock, throws no dice and touches nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import perdure.core

FOLDER = Path(perdure.core.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))
PURE = {
    "__future__",
    "bisect",
    "collections",
    "copy",
    "dataclasses",
    "datetime",
    "email",  # its reading of dates
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "statistics",
    "string",
    "typing",
    "unicodedata",
}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
CLOCKS = {"now", "utcnow", "today"}


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def calls(tree: ast.AST) -> Iterator[str]:
    """The names that are called: `open(…)` as open, `datetime.now(…)` as datetime.now."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_there_is_a_core() -> None:
    """The tests below look at something."""
    assert {"turn.py", "lease.py", "reply.py", "prompt.py", "network.py"} <= {path.name for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_core_imports_only_itself_and_the_pure_standard_library(path: Path) -> None:
    """No os, time, random, logging, asyncio, threading, nor any third party."""
    names = set(imports(ast.parse(path.read_text())))
    strange = {
        name
        for name in names
        if name.partition(".")[0] not in PURE and not name.startswith("perdure.core.") and name != "perdure.core"
    }
    assert strange == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_core_reads_no_clock_and_does_no_input_or_output(path: Path) -> None:
    """`now` is an argument, and so are ids."""
    names = set(calls(ast.parse(path.read_text())))
    assert names & IMPURE_CALLS == set()
    assert {name for name in names if name.rpartition(".")[2] in CLOCKS} == set()
